import type { Operations } from "../operation.ts";
import { bodies } from "./bodies.ts";
import { channel } from "./channel.ts";
import { envelope } from "./envelope.ts";
import { errors } from "./errors.ts";
import { request } from "./request.ts";

export const sa: Operations = { ...bodies, ...channel, ...envelope, ...errors, ...request };
