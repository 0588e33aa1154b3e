import type { IncomingMessage } from "node:http";
import { BlockList, isIP, type Socket } from "node:net";
import { TidingsError } from "@tidings/protocol";

/** Entries of a forwarding header that are looked at: a longer one is made up. */
const MAX_HOPS = 32;
/** IPv4 in IPv6, as a socket that listens on both tells it (RFC 4291 §2.5.5.2). */
const MAPPED = /^::ffff:(?=\d+\.)/i;
/** What a `Forwarded` element may be: pairs of a token and a token or quoted string (RFC 7239 §4, RFC 9110 §5.6). */
const FORWARDED_PAIR = /\s*([!#$%&'*+.^_`|~\w-]+)=("(?:[^"\\]|\\.)*"|[^\s",;=]*)\s*([;,]|$)/y;

/** Whence requests come: the socket's other end, or behind proxies that are trusted what those say. */
export class Addresses {
  readonly #trusted: BlockList | undefined;

  /**
   * @param proxies addresses such as `10.0.0.5`, or networks such as `10.0.0.0/8`
   * @throws {TidingsError} `CONFIG_INVALID`
   */
  constructor(proxies: readonly string[]) {
    this.#trusted = proxies.length === 0 ? undefined : listOf(proxies);
  }

  of(req: IncomingMessage): string {
    const peer = plain(req.socket.remoteAddress ?? "");
    if (this.#trusted === undefined || !this.#isTrusted(peer)) return peer;
    // From the nearest hop outwards: what stands before the first one that is not trusted, anybody could have written.
    let address = peer;
    for (const hop of hopsOf(req).slice(-MAX_HOPS).reverse()) {
      if (isIP(hop) === 0) break;
      address = hop;
      if (!this.#isTrusted(hop)) break;
    }
    return address;
  }

  /** As what a request is counted: see {@link networkOf}. */
  networkOf(req: IncomingMessage): string {
    return networkOf(this.of(req));
  }

  /** As what a socket is counted, before it has said anything; `undefined` for a proxy, which brings others. */
  ofPeer(socket: Socket): string | undefined {
    const peer = plain(socket.remoteAddress ?? "");
    return this.#isTrusted(peer) ? undefined : networkOf(peer);
  }

  #isTrusted(address: string): boolean {
    if (this.#trusted === undefined) return false;
    const family = isIP(address);
    return family !== 0 && this.#trusted.check(address, family === 4 ? "ipv4" : "ipv6");
  }
}

/** Whether this is an address or a network as {@link Addresses} takes them. */
export function isNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || address.includes("%") || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** As what an address is counted: itself, and of IPv6 its network of 64 bits, all of which one client may have (RFC 6177). */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  // An IPv4 address at the end stands for two groups.
  const groups = first.length + last.length + (last.at(-1)?.includes(".") === true ? 1 : 0);
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - groups) }, () => "0");
  const network = [...first, ...zeros, ...last].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${network.join(":")}::/64`;
}

function listOf(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of proxies) {
    if (!isNetwork(text)) {
      throw new TidingsError(
        "CONFIG_INVALID",
        `the trusted proxy "${text}" is neither an address such as 10.0.0.5 nor a network such as 10.0.0.0/8.`,
      );
    }
    const [address = "", bits] = text.split("/");
    const family = isIP(address) === 4 ? "ipv4" : "ipv6";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/**
 * The client first. `Forwarded` (RFC 7239 §4), or the older `X-Forwarded-For`. A proxy that writes one of them passes the other
 * one on as it came, so where both are there and do not end alike, one of them is a client's own, and neither is believed.
 */
function hopsOf({ headers }: IncomingMessage): readonly string[] {
  const { forwarded, "x-forwarded-for": older } = headers;
  const standard = forwarded === undefined ? undefined : forwardedHops(forwarded);
  const simple = older === undefined ? undefined : String(older).split(",").map(addressOf);
  if (standard === undefined || simple === undefined) return standard ?? simple ?? [];
  return standard.at(-1) === simple.at(-1) ? standard : [];
}

/** The `for` of each element; nothing of a header that is not as it should be: who can break it could hide the rest in it. */
function forwardedHops(header: string): readonly string[] {
  const hops: string[] = [];
  let node: string | undefined;
  for (FORWARDED_PAIR.lastIndex = 0; FORWARDED_PAIR.lastIndex < header.length;) {
    const [, name = "", value = "", end] = FORWARDED_PAIR.exec(header) ?? [];
    if (name === "") return [];
    if (name.toLowerCase() === "for") {
      if (node !== undefined) return [];
      node = addressOf(value.replace(/^"(.*)"$/, "$1"));
    }
    if (end === ";") continue;
    hops.push(node ?? "");
    node = undefined;
  }
  return hops;
}

/** Without brackets, port and zone (RFC 7239 §6). */
function addressOf(text: string): string {
  const node = text.trim();
  return plain(/^\[([^\]]*)\]/.exec(node)?.[1] ?? (isIP(node) === 0 ? node.replace(/:[^:]*$/, "") : node));
}

function plain(address: string): string {
  const bare = address.includes("%") ? address.replace(/%.*$/, "") : address;
  return bare.startsWith("::") ? bare.replace(MAPPED, "") : bare;
}
