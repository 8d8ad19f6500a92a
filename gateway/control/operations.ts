import type { z } from "zod";
import { conversationExpire, conversationList, conversationShow } from "./conversation.ts";
import { messageDrop, messageList, messageRetry, messageShow } from "./message.ts";
import { paramGet, paramList, paramReset, paramSet } from "./parameter.ts";
import { status } from "./status.ts";
import { userAdd, userList, userPassword, userRemove } from "./user.ts";

/** Everything that an operator can do. */
export const OPERATIONS = [
  status,
  userAdd,
  userList,
  userRemove,
  userPassword,
  paramList,
  paramGet,
  paramSet,
  paramReset,
  conversationList,
  conversationShow,
  conversationExpire,
  messageList,
  messageShow,
  messageRetry,
  messageDrop,
] as const;

export type OperationName = (typeof OPERATIONS)[number]["name"];

type Named<Name extends OperationName> = Extract<(typeof OPERATIONS)[number], { readonly name: Name }>;

export type InputOf<Name extends OperationName> = z.input<Named<Name>["input"]>;

type OutcomeOf<Name extends OperationName> = Awaited<ReturnType<Named<Name>["perform"]>>;

export type ResultOf<Name extends OperationName> = Extract<OutcomeOf<Name>, { readonly outcome: "done" }>["result"];
