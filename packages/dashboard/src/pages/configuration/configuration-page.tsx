import { useSignal } from "@preact/signals";
import { Badge, EmptyState, formatBytes, formatDuration, Loading, SearchBox, Segments } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { FaultNote } from "../../components/fault-note.tsx";
import { urlOf } from "../../live/api.ts";
import type { ConfigEntry } from "../../live/shapes.ts";
import { useAnswer } from "../../live/use-answer.ts";

const SHOWN = [
  { id: "all", label: "All" },
  { id: "set", label: "Set" },
] as const;

/** Every field in force, its value without secrets, and where it comes from. */
export function ConfigurationPage(): JSX.Element {
  const search = useSignal("");
  const shown = useSignal<"all" | "set">("all");
  const url = urlOf("admin/config");
  const { value, fault } = useAnswer<{ readonly config: readonly ConfigEntry[] }>(
    url,
    Number.POSITIVE_INFINITY,
  ).value;
  useEffect(() => void (document.title = "Configuration · Tidings"), []);
  const wanted = search.value.toLowerCase();
  const found = value?.config.filter(
    ({ name, value: held, source }) =>
      (shown.value === "all" || source !== "default") &&
      `${name} ${say(held)} ${source}`.toLowerCase().includes(wanted),
  );
  return (
    <div class="page list-page">
      <h1 class="visually-hidden">Configuration</h1>
      <div class="toolbar">
        <SearchBox
          label="Filter the configuration"
          value={search.value}
          onInput={(text) => (search.value = text)}
        />
        <Segments
          label="Shown"
          segments={SHOWN}
          current={shown.value}
          onChange={(id) => (shown.value = id)}
        />
        <span class="quiet toolbar-note">As it is in force. Secrets are left out.</span>
      </div>
      <FaultNote fault={fault} />
      {found === undefined ? (
        <Loading what="the configuration" />
      ) : found.length === 0 ? (
        <EmptyState title="No field is like this" />
      ) : (
        <div class="table-box">
          <table class="table configuration" aria-label="Configuration">
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col" class="fill">
                  Value
                </th>
                <th scope="col">From</th>
              </tr>
            </thead>
            <tbody>
              {found.map(({ name, value: held, source }) => (
                <tr key={name}>
                  <th scope="row" class="mono">
                    {name}
                  </th>
                  <td class="fill config-value">
                    <span class="mono">{say(held)}</span> <span class="quiet">{sayUnit(name, held)}</span>
                  </td>
                  <td>
                    {source === "default" ? (
                      <span class="quiet">default</span>
                    ) : (
                      <Badge tone="busy">{source}</Badge>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function say(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A number of bytes or milliseconds as somebody would say it. */
function sayUnit(name: string, value: unknown): string | undefined {
  if (typeof value !== "number") return undefined;
  if (/bytes$/i.test(name) && value >= 1_024) return formatBytes(value);
  return name.endsWith("Ms") && value >= 1_000 ? formatDuration(value) : undefined;
}
