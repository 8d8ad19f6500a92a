import type { Config } from "../gateway/config.ts";
import { type Answer, callOperation } from "../gateway/control/client.ts";
import type { InputOf, OperationName, ResultOf } from "../gateway/control/operations.ts";

/** Calls an operation of the running gateway. Rejects when the gateway did not understand it or did not answer. */
export async function operate<Name extends OperationName>(
  config: Config,
  name: Name,
  input: InputOf<Name>,
): Promise<Exclude<Answer<ResultOf<Name>>, { readonly outcome: "failed" }>> {
  const answer = await callOperation({ path: config.control, configFile: config.file }, name, input);
  if (answer.outcome === "failed") throw new Error(`${name}: ${answer.message}`);
  return answer;
}
