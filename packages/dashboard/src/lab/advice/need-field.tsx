import { describeNumber, type Need, type NeedValue, applies } from "@tidings/protocol";
import { Field } from "@tidings/ui";
import type { JSX } from "preact";
import { change, needs, refusedNeed } from "./needs-state.ts";

type NeedOf<Type extends Need["type"]> = Need & { readonly type: Type };

/** A need as it is asked for. */
export function NeedField({ need }: { readonly need: Need }): JSX.Element {
  switch (need.type) {
    case "one-of":
      return <OneOf need={need} />;
    case "some-of":
      return <SomeOf need={need} />;
    case "yes-no":
      return <YesNo need={need} />;
    case "number":
      return <NumberOf need={need} />;
    default:
      return need satisfies never;
  }
}

function OneOf({ need }: { readonly need: NeedOf<"one-of"> }): JSX.Element {
  const { name, title, hint, options } = need;
  return (
    <Field label={title} hint={hint} error={errorOf(need)}>
      {(ids) => (
        <select
          {...ids}
          class="input"
          name={name}
          value={needs.value[name] as string}
          onChange={({ currentTarget }) => change(name, currentTarget.value as NeedValue)}
        >
          {options
            .filter(({ only }) => applies(only, needs.value))
            .map(({ value, title: words }) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
        </select>
      )}
    </Field>
  );
}

function SomeOf({ need: { name, title, hint, options } }: { readonly need: NeedOf<"some-of"> }): JSX.Element {
  const held = needs.value[name] as readonly string[];
  return (
    <fieldset class="field" aria-describedby={`${name}-hint`}>
      <legend>{title}</legend>
      {options.map(({ value, title: words }) => (
        <label key={value} class="check">
          <input
            type="checkbox"
            class="checkbox"
            name={name}
            value={value}
            checked={held.includes(value)}
            onChange={({ currentTarget: { checked } }) => {
              const others = held.filter((each) => each !== value);
              change(name, (checked ? [...others, value] : others) as unknown as NeedValue);
            }}
          />
          {words}
        </label>
      ))}
      <p class="field-hint" id={`${name}-hint`}>
        {hint}
      </p>
    </fieldset>
  );
}

function YesNo({ need: { name, title, hint } }: { readonly need: NeedOf<"yes-no"> }): JSX.Element {
  return (
    <div class="field">
      <label class="check">
        <input
          type="checkbox"
          class="checkbox"
          name={name}
          aria-describedby={`${name}-hint`}
          checked={needs.value[name] === true}
          onChange={({ currentTarget }) => change(name, currentTarget.checked)}
        />
        {title}
      </label>
      <p class="field-hint" id={`${name}-hint`}>
        {hint}
      </p>
    </div>
  );
}

const UNITS = { "per-second": "a second", ms: "ms", bytes: "bytes", count: "" } as const;

function NumberOf({ need }: { readonly need: NeedOf<"number"> }): JSX.Element {
  const { name, title, hint, unit, min, max } = need;
  const value = needs.value[name] as number;
  return (
    <Field label={title} hint={hint} error={errorOf(need)}>
      {(ids) => (
        <span class="with-unit">
          <input
            {...ids}
            class="input"
            type="number"
            name={name}
            min={min}
            max={max}
            step={unit === "per-second" ? "any" : 1}
            value={Number(value.toPrecision(4))}
            onChange={({ currentTarget: input }) => change(name, input.valueAsNumber)}
          />
          {UNITS[unit]}
          {isHardToRead(unit, value) && <span class="quiet">= {describeNumber(unit, value)}</span>}
        </span>
      )}
    </Field>
  );
}

/** Less than one a second, and thousands of milliseconds. */
function isHardToRead(unit: keyof typeof UNITS, value: number): boolean {
  return (unit === "per-second" && value > 0 && value < 1) || (unit === "ms" && value >= 1_000);
}

function errorOf({ name }: Need): string | undefined {
  return refusedNeed.value?.name === name ? refusedNeed.value.why : undefined;
}
