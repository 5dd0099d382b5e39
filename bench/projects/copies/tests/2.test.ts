import { busyForASecond } from "../busy.ts";

busyForASecond();
