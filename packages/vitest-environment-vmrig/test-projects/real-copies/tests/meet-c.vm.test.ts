import { meetAnother } from "../meet.ts";

meetAnother("c", "d");
