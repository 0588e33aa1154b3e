/** What is read of a server's `/metrics` (Prometheus text format). */
export interface TargetMetrics {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly sockets: number;
  readonly connections: Readonly<Record<string, number>>;
}

export function readMetrics(text: string): TargetMetrics {
  const connections: Record<string, number> = {};
  for (const [, transport = "", count] of text.matchAll(
    /^tidings_connections\{transport="([^"]+)"\} (\S+)$/gm,
  ))
    connections[transport] = Number(count);
  return {
    cpuSeconds: valueOf(text, "process_cpu_seconds_total"),
    rssBytes: valueOf(text, "process_resident_memory_bytes"),
    sockets: valueOf(text, "tidings_sockets"),
    connections,
  };
}

function valueOf(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? 0);
}
