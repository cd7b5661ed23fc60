import type { Operations } from "../operation.ts";
import { challenge } from "./challenge.ts";

export const mpp: Operations = { ...challenge };
