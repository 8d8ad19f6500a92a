import type { Answer, Responder } from "../../../sip/engine.ts";

/** A responder that keeps its answers. */
export class FakeResponder implements Responder {
  readonly answers: { readonly status: number; readonly answer?: Answer | undefined }[] = [];

  get answered(): boolean {
    return this.answers.length > 0;
  }

  respond(status: number, answer?: Answer): void {
    this.answers.push({ status, answer });
  }

  get statuses(): readonly number[] {
    return this.answers.map((each) => each.status);
  }
}
