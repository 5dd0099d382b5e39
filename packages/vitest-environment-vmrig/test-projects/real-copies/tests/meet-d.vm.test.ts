import { meetAnother } from "../meet.ts";

meetAnother("d", "c");
