import type { JSX } from "preact";

interface SortHeadProps<Order extends string> {
  readonly label: string;
  readonly order: Order;
  readonly current: Order;
  readonly onSort: (order: Order) => void;
  readonly class?: string;
}

/** The head of a column that a list can be ordered by, the greatest first. */
export function SortHead<Order extends string>(props: SortHeadProps<Order>): JSX.Element {
  const { label, order, current, onSort } = props;
  const isCurrent = order === current;
  const direction = order === "name" ? "ascending" : "descending";
  return (
    <th scope="col" class={props.class} aria-sort={isCurrent ? direction : "none"}>
      <button class="sort-button" type="button" onClick={() => onSort(order)}>
        {label}
        {isCurrent && (
          <span class="sort-mark" aria-hidden="true">
            {direction === "ascending" ? "↑" : "↓"}
          </span>
        )}
      </button>
    </th>
  );
}
