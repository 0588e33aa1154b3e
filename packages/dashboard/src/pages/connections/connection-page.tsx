import { useSignal } from "@preact/signals";
import {
  Age,
  attempt,
  Button,
  EmptyState,
  formatBytes,
  formatCount,
  formatMoment,
  Loading,
  now,
  say,
  Status,
} from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { FaultNote } from "../../components/fault-note.tsx";
import { transportName } from "../../logic/transport.ts";
import { remove, urlOf } from "../../live/api.ts";
import type { ConnectionDetail } from "../../live/shapes.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { explainConnection, nameOf } from "../../logic/explain.ts";
import { to } from "../../logic/route.ts";
import { toneOf } from "../../logic/tone.ts";
import { BeforePart } from "./before-part.tsx";
import { DisconnectDialog } from "./disconnect-dialog.tsx";
import { ReadsTable } from "./reads-table.tsx";

const EVERY_MS = 1_500;

/** One connection: whose it is, what it reads, and why it is behind. */
export function ConnectionPage({ id }: { readonly id: string }): JSX.Element {
  const asked = urlOf(`admin/connections/${encodeURIComponent(id)}`);
  const { value, fault, isGone } = useAnswer<ConnectionDetail>(asked, EVERY_MS).value;
  useEffect(() => void (document.title = `Connection ${id} · Tidings`), [id]);
  return (
    <div class="page detail-page">
      {value === undefined ? (
        isGone ? (
          <Gone id={id} />
        ) : fault === undefined ? (
          <Loading what="the connection" />
        ) : (
          <EmptyState title="The connection cannot be shown" isFault>
            {fault}
          </EmptyState>
        )
      ) : (
        <>
          {isGone ? <Gone id={id} /> : <FaultNote fault={fault} />}
          <Shown connection={value} isGone={isGone} />
        </>
      )}
    </div>
  );
}

function Crumbs(): JSX.Element {
  return (
    <p class="crumbs">
      <a href={to.connections}>Connections</a> <span aria-hidden="true">/</span>
    </p>
  );
}

function Gone({ id }: { readonly id: string }): JSX.Element {
  return (
    <>
      <Crumbs />
      <EmptyState title="This connection has ended">
        <a href={to.events(id)}>See what is known of its end</a>
      </EmptyState>
    </>
  );
}

interface ShownProps {
  readonly connection: ConnectionDetail;
  readonly isGone: boolean;
}

function Shown({ connection: row, isGone }: ShownProps): JSX.Element {
  const isAsking = useSignal(false);
  const end = async (reason: string): Promise<void> => {
    isAsking.value = false;
    const url = urlOf(`admin/connections/${encodeURIComponent(row.connection)}`, { reason });
    if (await attempt(() => remove(url))) say("It is on its way. Its client comes back, as after any loss.");
  };
  return (
    <>
      <header class="detail-head">
        <Crumbs />
        <h1>
          {nameOf(row.who)} <span class="quiet mono">{row.address}</span>
        </h1>
        <Status tone={toneOf(row.state)}>{row.state}</Status>
        <span class="toolbar-gap" />
        <a class="button" href={to.events(row.connection)}>
          Events
        </a>
        <Button look="danger" isDisabled={isGone} onClick={() => (isAsking.value = true)}>
          Disconnect
        </Button>
      </header>
      <p class={`why why-${row.state}`}>{explainConnection(row, now.value)}</p>
      <dl class="facts">
        <Fact name="Transport">{transportName(row.transport)}</Fact>
        <Fact name="Credential">
          {row.who.kind}
          {row.who.id !== undefined && <span class="quiet mono"> {row.who.id}</span>}
        </Fact>
        <Fact name="Open for">
          <Age time={row.since} /> <span class="quiet">since {formatMoment(row.since)}</span>
        </Fact>
        <Fact name="Channels">
          {formatCount(row.channels)}{" "}
          <span class="quiet">{row.behind > 0 && `${formatCount(row.behind)} behind`}</span>
        </Fact>
        <Fact name="Furthest behind">{formatCount(row.lag)}</Fact>
        <Fact name="Sent">
          {formatBytes(row.bytes)}{" "}
          <span class="quiet">{row.bytesPerSecond !== null && `${formatBytes(row.bytesPerSecond)}/s`}</span>
        </Fact>
        <Fact name="Waiting in its socket">{formatBytes(row.bufferedBytes)}</Fact>
        <Fact name="Id">
          <span class="mono">{row.connection}</span>
        </Fact>
      </dl>
      <BeforePart who={row.who} address={row.address} />
      <ReadsTable reads={row.reads} state={row.state} />
      {isAsking.value && (
        <DisconnectDialog
          who={`${nameOf(row.who)} at ${row.address}`}
          onClose={() => (isAsking.value = false)}
          onConfirm={(reason) => void end(reason)}
        />
      )}
    </>
  );
}

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: JSX.Element["props"]["children"];
}): JSX.Element {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
