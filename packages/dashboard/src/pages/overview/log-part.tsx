import { formatBytes, formatCount, formatDuration, Meter, plural } from "@tidings/ui";
import type { JSX } from "preact";
import { inSight, newest } from "../../live/stats.ts";
import { fillOf } from "../../logic/log-fill.ts";
import { to } from "../../logic/route.ts";

/** How full the log is, and when it will be. */
export function LogPart(): JSX.Element {
  const last = newest.value;
  const fill = fillOf(inSight.value);
  return (
    <section class="panel answer" aria-labelledby="log-title">
      <h2 id="log-title">
        Log <a href={to.configuration}>its limits</a>
      </h2>
      {last === undefined ? (
        <p class="answer-none quiet">…</p>
      ) : (
        <div class="log-fill">
          {fill === undefined ? (
            <p>In memory: it has no disk to fill, and a restart begins anew.</p>
          ) : (
            <Disk fill={fill} />
          )}
          <Channels count={last.sample.log.channels} max={last.sample.log.maxChannels} />
          {last.sample.artifacts.count > 0 && (
            <p class="fill-line">
              <span>Artifacts</span>
              <span class="quiet">
                {formatCount(last.sample.artifacts.count)}, {formatBytes(last.sample.artifacts.bytes)}
              </span>
            </p>
          )}
        </div>
      )}
    </section>
  );
}

function Disk({ fill }: { readonly fill: NonNullable<ReturnType<typeof fillOf>> }): JSX.Element {
  const { usedBytes, roomBytes, growth, fullInMs } = fill;
  return (
    <div>
      <p class="fill-line">
        <b>{formatBytes(usedBytes)} used</b>
        {roomBytes !== undefined && (
          <span class="quiet">
            {share(usedBytes, roomBytes)} of the {formatBytes(roomBytes)} it may have
          </span>
        )}
      </p>
      {roomBytes !== undefined && (
        <Meter label="Log, used of what its disk has" share={usedBytes / roomBytes} />
      )}
      <p class="quiet">
        {growth === undefined
          ? "How fast it grows is known in a minute."
          : growth <= 0
            ? "It does not grow: retention takes as much as comes."
            : `Grows by ${formatBytes(growth)} a minute${fullInMs === undefined ? "" : `: full in ${formatDuration(fullInMs)} at that rate, before retention`}.`}
      </p>
    </div>
  );
}

function Channels({ count, max }: { readonly count: number; readonly max: number | null }): JSX.Element {
  return (
    <div>
      <p class="fill-line">
        <b>{plural(count, "channel")}</b>
        <span class="quiet">
          {max === null ? "as many as you like" : `${share(count, max)} of ${formatCount(max)}`}
        </span>
      </p>
      {max !== null && <Meter label="Channels, of how many there may be" share={count / max} />}
    </div>
  );
}

function share(part: number, whole: number): string {
  const percent = (part / Math.max(1, whole)) * 100;
  if (percent === 0) return "0 %";
  return percent < 0.1 ? "< 0.1 %" : `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}
