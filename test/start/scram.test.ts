import { expect } from "chai";
import { clientFinalMessage, clientFirstMessage, isServerGenuine, type ScramInput } from "../../start/scram.ts";

const exchanges = [
  {
    clause: "RFC 5802 §5",
    input: { mechanism: "SCRAM-SHA-1", username: "user", password: "pencil", nonce: "fyko+d2lbbFgONRv9qkxdawL" },
    first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    challenge: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    proof: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  },
  {
    clause: "RFC 7677 §3",
    input: { mechanism: "SCRAM-SHA-256", username: "user", password: "pencil", nonce: "rOprNGfwEbeRWgbNEkqO" },
    first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    challenge: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    proof: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  },
] as const satisfies readonly {
  readonly clause: string;
  readonly input: ScramInput;
  readonly [field: string]: unknown;
}[];

for (const { clause, input, first, challenge, final, proof } of exchanges) {
  describe(`the SCRAM exchange of ${clause}`, () => {
    it("begins with the client's nonce", () => {
      expect(clientFirstMessage(input)).to.equal(first);
    });

    it("answers the challenge and knows the server's proof", () => {
      const answer = clientFinalMessage(input, challenge);
      expect(answer?.message).to.equal(final);
      expect(answer && isServerGenuine(proof, answer.serverSignature)).to.equal(true);
    });

    it("does not believe another proof", () => {
      const answer = clientFinalMessage({ ...input, password: "another" }, challenge);
      expect(answer && isServerGenuine(proof, answer.serverSignature)).to.equal(false);
    });

    it("refuses a challenge that does not continue the client's nonce", () => {
      expect(clientFinalMessage(input, challenge.replace("r=", "r=x"))).to.equal(undefined);
      expect(clientFinalMessage(input, `r=${input.nonce},s=QSXCR+Q6sek8bf92,i=4096`)).to.equal(undefined);
      expect(clientFinalMessage(input, challenge.replace("i=4096", "i=0"))).to.equal(undefined);
    });
  });
}

describe("RFC 5802 §5.1 saslname", () => {
  it("escapes the comma and the equals sign", () => {
    const input = { mechanism: "SCRAM-SHA-1", username: "a=b,c", password: "x", nonce: "n" } as const;
    expect(clientFirstMessage(input)).to.equal("n,,n=a=3Db=2Cc,r=n");
  });
});
