import { createSocket } from "node:dgram";
import { type AddressInfo, createServer } from "node:net";
import { expect } from "chai";
import { firstFreePort, isFree } from "../../start/ports.ts";

describe("the choice of ports at the first start", () => {
  it("passes over a port that is taken for TCP", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as AddressInfo;
    try {
      expect(await isFree({ protocol: "tcp", address: "127.0.0.1", port })).to.equal(false);
      expect(await firstFreePort(["udp", "tcp"], [port])).not.to.equal(port);
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  });

  it("passes over a port that is taken for UDP", async () => {
    const taken = createSocket("udp4");
    await new Promise<void>((resolve) => taken.bind(0, "127.0.0.1", resolve));
    const { port } = taken.address();
    try {
      expect(await isFree({ protocol: "udp", address: "127.0.0.1", port })).to.equal(false);
      expect(await firstFreePort(["udp", "tcp"], [port])).not.to.equal(port);
    } finally {
      await new Promise<void>((resolve) => taken.close(resolve));
    }
  });

  it("takes the first that is free and leaves it free", async () => {
    const free = await firstFreePort(["udp", "tcp"], []);
    expect(await firstFreePort(["udp", "tcp"], [free])).to.equal(free);
    expect(await isFree({ protocol: "udp", address: "127.0.0.1", port: free })).to.equal(true);
    expect(await isFree({ protocol: "tcp", address: "127.0.0.1", port: free })).to.equal(true);
  });
});
