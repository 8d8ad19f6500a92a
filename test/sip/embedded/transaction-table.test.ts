import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { type TableEntry, TransactionTable } from "../../../sip/embedded/transaction-table.ts";

interface Entry extends TableEntry {
  open: boolean;
  discarded: boolean;
}

function entry(key: string, open = false): Entry {
  return {
    key,
    open,
    discarded: false,
    discard() {
      this.discarded = true;
    },
  };
}

/** Node gives `gc` only to contexts that are made after the flag was set. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

describe("the bound of the transaction table", () => {
  it("pushes the oldest completed transaction out and counts it", () => {
    const table = new TransactionTable<Entry>(2);
    const first = entry("first");
    for (const each of [first, entry("second"), entry("third")]) table.add(each);
    expect(table.find("first")).to.equal(undefined);
    expect(first.discarded).to.equal(true);
    expect(table.size).to.equal(2);
    expect(table.evictions).to.equal(1);
  });

  it("never pushes an open transaction out", () => {
    const table = new TransactionTable<Entry>(2);
    const open = entry("open", true);
    for (const each of [open, entry("second"), entry("third"), entry("fourth")]) table.add(each);
    expect(table.find("open")).to.equal(open);
    expect(table.size).to.equal(2);
  });

  it("comes back to one that was open when first passed over, once nothing younger is left", () => {
    const table = new TransactionTable<Entry>(2);
    const slow = entry("slow", true);
    for (const each of [slow, entry("second"), entry("third", true)]) table.add(each);
    slow.open = false;
    table.add(entry("fourth", true));
    expect(table.find("slow")).to.equal(undefined);
    expect(table.size).to.equal(2);
  });

  it("stays within its bound over many adds and removals", () => {
    const table = new TransactionTable<Entry>(100);
    for (let number = 0; number < 10_000; number += 1) {
      const each = entry(`transaction ${number}`);
      table.add(each);
      if (number % 3 === 0) table.remove(each);
    }
    expect(table.size).to.be.at.most(100);
    expect(table.find("transaction 9998")?.key).to.equal("transaction 9998");
  });

  it("keeps nothing of what was removed, however many come and go", async () => {
    const table = new TransactionTable<Entry>(10);
    const stays = entry("stays", true);
    table.add(stays);
    const gone = ((each: Entry) => {
      table.add(each);
      table.remove(each);
      return new WeakRef(each);
    })(entry("gone"));
    for (let number = 0; number < 10_000; number += 1) {
      const each = entry(`transaction ${number}`);
      table.add(each);
      table.remove(each);
    }
    await new Promise((resolve) => setImmediate(resolve)); // a WeakRef holds on until its turn is over
    collectGarbage();
    expect(gone.deref()).to.equal(undefined);
    expect(table.all()).to.deep.equal([stays]);
  });

  it("discards every transaction when the engine stops", () => {
    const table = new TransactionTable<Entry>(10);
    const entries = [entry("first", true), entry("second")];
    for (const each of entries) table.add(each);
    table.discardAll();
    expect(entries.every(({ discarded }) => discarded)).to.equal(true);
    expect(table.size).to.equal(0);
  });
});
