import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { DOCUMENTS } from "../../gateway/control/docs.ts";

/** `parley docs`, for those who work on Parley: writes the pages that are printed from tables. */
export function addDocsCommand(program: Command): void {
  program
    .command("docs", { hidden: true })
    .description("write the pages of docs/ that are printed from the tables in the code")
    .option("--directory <folder>", "where to", "docs")
    .action(({ directory }: { readonly directory: string }) => {
      mkdirSync(directory, { recursive: true });
      for (const { file, text } of DOCUMENTS) {
        writeFileSync(join(directory, file), text());
        console.log(`wrote ${join(directory, file)}`);
      }
    });
}
