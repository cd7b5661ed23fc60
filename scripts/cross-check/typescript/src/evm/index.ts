import type { Operations } from "../operation.ts";
import { charge } from "./charge.ts";
import { hashes } from "./hashes.ts";
import { signature } from "./signature.ts";
import { typedData } from "./typed-data.ts";

export const evm: Operations = { ...charge, ...hashes, ...signature, ...typedData };
