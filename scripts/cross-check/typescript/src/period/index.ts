import type { Operations } from "../operation.ts";
import { access } from "./access.ts";
import { appAccess } from "./app-access.ts";
import { typedData } from "./typed-data.ts";

export const period: Operations = { ...access, ...appAccess, ...typedData };
