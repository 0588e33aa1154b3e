import { Grants } from "@tidings/core";
import { describe, expect, test } from "vitest";
import { type Identity } from "../../src/auth/index.ts";
import { MAX_TICKETS, TICKET_MS, Tickets } from "../../src/auth/tickets.ts";

const ANN: Identity = { kind: "token", subject: "ann", grants: Grants.NONE };

describe("a ticket", () => {
  test("stands for the one it was issued to, once", () => {
    const tickets = new Tickets(() => 0);
    const { ticket, expiresInMs } = tickets.issue(ANN);
    expect(expiresInMs).toBe(30_000);
    expect(tickets.redeem(ticket)).toBe(ANN);
    expect(() => tickets.redeem(ticket)).toThrow(expect.objectContaining({ code: "UNAUTHENTICATED" }));
  });

  test("holds for 30 s and no longer", () => {
    let nowMs = 0;
    const tickets = new Tickets(() => nowMs);
    const [first, second] = [tickets.issue(ANN), tickets.issue(ANN)];
    nowMs = TICKET_MS - 1;
    expect(tickets.redeem(first.ticket)).toBe(ANN);
    nowMs = TICKET_MS;
    expect(() => tickets.redeem(second.ticket)).toThrow(/older than 30 s/);
  });

  test("that was never issued is refused", () => {
    expect(() => new Tickets(() => 0).redeem("made up")).toThrow(/never issued/);
  });

  test("is one of a bounded number, and those that ended make room", () => {
    let nowMs = 0;
    const tickets = new Tickets(() => nowMs);
    for (let at = 0; at < MAX_TICKETS; at++) tickets.issue(ANN);
    expect(() => tickets.issue(ANN)).toThrow(expect.objectContaining({ code: "RATE_LIMITED" }));
    nowMs = TICKET_MS;
    tickets.issue(ANN);
    expect(tickets.size).toBe(1);
  });
});
