import { formatMappingDoc } from "../mapping/doc.ts";
import { formatParametersDoc } from "../parameters.ts";

/** A page of docs/ that is printed from the tables in the code. */
export interface Document {
  readonly file: string; // within docs/
  readonly text: () => string;
}

export const DOCUMENTS: readonly Document[] = [
  { file: "MAPPING.md", text: formatMappingDoc },
  { file: "PARAMETERS.md", text: formatParametersDoc },
];
