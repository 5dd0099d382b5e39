import { meetAnother } from "../meet.ts";

meetAnother("a", "b");
