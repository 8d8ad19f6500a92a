import type { ParameterRecord, Store } from "../../store/port.ts";

/** The parameter rows of a store, in memory. */
export function parameterRows(...records: readonly ParameterRecord[]): Store["parameters"] {
  const rows = new Map(records.map((record) => [record.name, record]));
  return {
    list: async () => [...rows.values()],
    put: async (record) => {
      rows.set(record.name, record);
    },
    remove: async (name) => {
      rows.delete(name);
    },
  };
}
