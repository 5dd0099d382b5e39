import { meetAnother } from "../meet.ts";

meetAnother("b", "a");
