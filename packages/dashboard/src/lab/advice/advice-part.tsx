import { applies, NEEDS, USE_CASES } from "@tidings/protocol";
import { Field } from "@tidings/ui";
import type { JSX } from "preact";
import { AdviceText } from "./advice-text.tsx";
import { MeasureThis } from "./measure-this.tsx";
import { NeedField } from "./need-field.tsx";
import { choose, needs, useCase } from "./needs-state.ts";

/** The decision: what is needed, and what fits. */
export function AdvicePart(): JSX.Element {
  const asked = NEEDS.filter(({ only }) => applies(only, needs.value));
  const [basic, more] = [asked.filter(({ isBasic }) => isBasic), asked.filter(({ isBasic }) => !isBasic)];
  return (
    <aside class="lab-advice" id="choose" aria-labelledby="choose-title">
      <header class="lab-head">
        <h2 class="title" id="choose-title">
          Which one fits?
        </h2>
        <p>Say what you need, and get a transport with its reasons. Then measure it.</p>
      </header>
      <div class="use-case">
        <Field label="What do you build?">
          {(ids) => (
            <select
              {...ids}
              class="input"
              name="useCase"
              value={useCase.value}
              onChange={({ currentTarget }) => choose(currentTarget.value)}
            >
              <option value="">Something of my own</option>
              {USE_CASES.map(({ name, title }) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      <div class="advice-grid">
        <form
          class="panel form needs-form"
          aria-label="What you need"
          onSubmit={(event) => event.preventDefault()}
        >
          <h3>What that needs</h3>
          {basic.map((need) => (
            <NeedField key={need.name} need={need} />
          ))}
          <details class="more">
            <summary>More: size, history, proxies’ silence …</summary>
            <div class="form">
              {more.map((need) => (
                <NeedField key={need.name} need={need} />
              ))}
            </div>
          </details>
        </form>
        <div class="advice-side">
          <AdviceText />
          <MeasureThis />
        </div>
      </div>
    </aside>
  );
}
