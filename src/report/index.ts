export { type BarPlotOptions, type BarSeries, barPlot } from "./bar-plot.ts";
export type { DiffSegment } from "./diff.ts";
export type { AxisOptions, PlotOptions, Reference } from "./frame.ts";
export { type HistogramOptions, type HistogramSeries, histogramPlot } from "./histogram.ts";
export { type Block, type Fact, htmlPage, type Page, type Section } from "./html.ts";
export { decimalsOf, formatInterval, formatNumber, type NumberFormat } from "./number.ts";
export { standaloneSvg } from "./svg.ts";
export { type Column, markdownTable, type Table, textTable } from "./table.ts";
export { displayWidth, stripAnsi } from "./text.ts";
export {
  type LinePlotOptions,
  type LineSeries,
  linePlot,
  type ScatterPlotOptions,
  scatterPlot,
  type XySeries,
} from "./xy-plot.ts";
