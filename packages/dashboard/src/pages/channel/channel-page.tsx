import { useSignal } from "@preact/signals";
import { Tabs } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { urlOf } from "../../live/api.ts";
import { credential } from "../../live/session.ts";
import { to } from "../../logic/route.ts";
import { FactsPart } from "./facts-part.tsx";
import { History } from "./history.ts";
import { HistoryPart } from "./history-part.tsx";
import { LivePart } from "./live-part.tsx";
import { PresencePart } from "./presence-part.tsx";
import { PublishPart } from "./publish-part.tsx";
import { ReadersPart } from "./readers-part.tsx";
import { Tail } from "./tail.ts";

const TABS = [
  { id: "live", label: "Live" },
  { id: "history", label: "History" },
] as const;

/** One channel: what is published, what was, who reads it. */
export function ChannelPage({ name }: { readonly name: string }): JSX.Element {
  const tab = useSignal<string>("live");
  const tail = useMemo(() => new Tail(name), [name]);
  const history = useMemo(() => new History(name), [name]);
  useEffect(() => {
    document.title = `${name} · Tidings`;
    return () => tail.close();
  }, [tail]);
  const isOfSystem = name.startsWith("$");
  return (
    <div class="page channel-page">
      <header class="detail-head">
        <p class="crumbs">
          <a href={to.channels}>Channels</a> <span aria-hidden="true">/</span>
        </p>
        <h1 class="channel-name">{name}</h1>
        <span class="toolbar-gap" />
        {/* A page of its own, which asks for no credential: with one it would show nothing. */}
        {credential === undefined && (
          <a class="button" href={urlOf(`channels/${name}`)} target="_blank" rel="noreferrer">
            Open its page
          </a>
        )}
      </header>
      <FactsPart name={name} />
      <div class="channel-columns">
        <div class="channel-main">
          <Tabs label="What is shown" tabs={TABS} current={tab.value} onChange={(id) => (tab.value = id)}>
            {tab.value === "live" ? <LivePart tail={tail} /> : <HistoryPart history={history} />}
          </Tabs>
        </div>
        <div class="channel-side">
          <ReadersPart name={name} />
          {!isOfSystem && <PresencePart name={name} />}
          {!isOfSystem && <PublishPart name={name} />}
        </div>
      </div>
    </div>
  );
}
