import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./icon.tsx";

interface ButtonProps {
  readonly children?: ComponentChildren;
  readonly icon?: IconName;
  /** The name, where there are no words in it. */
  readonly label?: string;
  readonly title?: string;
  readonly look?: "plain" | "primary" | "quiet" | "danger";
  readonly type?: "button" | "submit";
  readonly isDisabled?: boolean;
  /** It is being done: it stays focusable, and does nothing. */
  readonly isBusy?: boolean;
  /** Of one that stays in. */
  readonly isPressed?: boolean;
  readonly onClick?: () => void;
}

export function Button(props: ButtonProps): JSX.Element {
  const { children, icon, label, title = label, look = "plain", type = "button" } = props;
  const { isDisabled = false, isBusy = false, isPressed, onClick } = props;
  return (
    <button
      class={`button button-${look}${children === undefined ? " button-icon" : ""}`}
      type={type}
      aria-label={label}
      title={title}
      disabled={isDisabled}
      aria-busy={isBusy ? "true" : undefined}
      aria-disabled={isBusy ? "true" : undefined}
      aria-pressed={isPressed}
      onClick={(event) => {
        if (isBusy) event.preventDefault();
        else onClick?.();
      }}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  );
}
