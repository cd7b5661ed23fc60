import type { Operations } from "../operation.ts";
import { headers } from "./headers.ts";
import { network } from "./network.ts";
import { permit2 } from "./permit2.ts";
import { price } from "./price.ts";
import { requirements } from "./requirements.ts";
import { version } from "./version.ts";

export const x402: Operations = { ...headers, ...network, ...permit2, ...price, ...requirements, ...version };
