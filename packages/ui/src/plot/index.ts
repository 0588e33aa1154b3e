import "uplot/dist/uPlot.min.css";

export { type Columns, columnsOf, lonePoints, type Timed } from "./columns.ts";
export { Plot, type PlotProps, type Series } from "./plot.tsx";
