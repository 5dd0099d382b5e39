import { rigWithCopies } from "./rig.ts";

export default rigWithCopies(3);
