import { formatBytes, formatCount, formatShort, Status, type Tone } from "@tidings/ui";
import type { JSX } from "preact";
import type { Reading, TransportFigures } from "../logic/lab-code.ts";
import { transportTitle } from "../logic/transports.ts";

interface FiguresTableProps {
  readonly caption: string;
  readonly figures: Readonly<Record<string, TransportFigures>>;
  readonly isOver: boolean;
}

/** What each transport delivered, and what that took. */
export function FiguresTable({ caption, figures, isOver }: FiguresTableProps): JSX.Element {
  return (
    // It goes sideways where there is little room: by keyboard too.
    <div class="table-box" tabIndex={0} role="group" aria-label={`${caption}, all columns`}>
      <table class="table figures" aria-label={caption}>
        <thead>
          <tr>
            <th scope="col">Transport</th>
            <th scope="col">Stands</th>
            {COLUMNS.map(({ id, title, about }) => (
              <th key={id} scope="col" class="number" title={about}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Object.entries(figures).map(([name, each]) => (
            <tr key={name} data-transport={name}>
              <th scope="row">
                <i class={`as as-${name}`} aria-hidden="true" />
                <b>{transportTitle(name)}</b>
              </th>
              <td data-label="stands" data-figure="stands">
                {isOver ? <span class="quiet">closed</span> : <Stands name={name} reading={each} />}
              </td>
              {COLUMNS.map(({ id, title, say, toneOf }) => (
                <td
                  key={id}
                  class={`number ${toneOf?.(each) ?? ""}`}
                  data-label={title.toLowerCase()}
                  data-figure={id}
                >
                  {say(each)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Column {
  readonly id: string;
  readonly title: string;
  /** In plain words, for those who rest on the title. */
  readonly about: string;
  readonly say: (figures: TransportFigures) => string;
  readonly toneOf?: (figures: TransportFigures) => "is-good" | "is-bad" | "";
}

/** A promise that is kept is seen to be. */
const promised = (count: number): "is-good" | "is-bad" => (count === 0 ? "is-good" : "is-bad");

const COLUMNS: readonly Column[] = [
  {
    id: "received",
    title: "Received",
    about: "Messages, of all readers together, since counting began.",
    say: ({ received }) => formatCount(received),
  },
  {
    id: "lost",
    title: "Lost",
    about: "Numbers that never came although higher ones did. The promise is 0, whatever you throw.",
    say: ({ lost }) => formatCount(lost),
    toneOf: ({ lost }) => promised(lost),
  },
  {
    id: "repeated",
    title: "Twice",
    about: "Numbers that came once more. The promise is 0.",
    say: ({ repeated }) => formatCount(repeated),
    toneOf: ({ repeated }) => promised(repeated),
  },
  {
    id: "behind",
    title: "Behind",
    about:
      "How many messages the furthest reader has yet to get. It grows in an outage, and goes back to 0 after it.",
    say: ({ behind }) => formatCount(Math.max(0, behind)),
  },
  {
    id: "wire",
    title: "On the wire",
    about: "Bytes that clients sent and got, with the framing of HTTP and WebSocket.",
    say: ({ upBytes, downBytes }) => formatBytes(upBytes + downBytes),
  },
  {
    id: "overhead",
    title: "Overhead",
    about: "Bytes on the wire that are not payload, in per cent of the payload.",
    say: ({ overheadPercent }) =>
      overheadPercent === null ? "–" : `${formatShort(Math.round(overheadPercent))} %`,
  },
  {
    id: "requests",
    title: "Requests",
    about: "HTTP requests since counting began. A stream needs none once it is open.",
    say: ({ requests }) => formatCount(requests),
  },
  {
    id: "connections",
    title: "Open + new",
    about: "Connections that are open now, and how many were opened anew since counting began.",
    say: ({ connections }) =>
      `${formatCount(connections.open)} + ${formatCount(Math.max(0, connections.opened))}`,
  },
];

/** Where the readers of a transport are. */
function Stands({ name, reading }: { readonly name: string; readonly reading: Reading }): JSX.Element {
  const { states, on, behind } = reading;
  const { live = 0, ...others } = states;
  const away = Object.entries(others).filter(([, count]) => count > 0);
  const ways = Object.entries(on).filter(([way, count]) => count > 0 && way !== name);
  const tone: Tone = away.length > 0 ? (live === 0 ? "bad" : "warn") : "good";
  const parts = [...(live > 0 ? [`${live} live`] : []), ...away.map(([state, count]) => `${count} ${state}`)];
  return (
    <Status tone={tone} title={`${formatCount(Math.max(0, behind))} messages behind`}>
      {parts.join(", ")}
      {live > 0 && ways.length > 0 && (
        <span class="ways"> · {ways.map(([way]) => transportTitle(way)).join(", ")}</span>
      )}
    </Status>
  );
}
