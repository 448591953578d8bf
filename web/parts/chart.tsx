import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { theme } from '../shell/theme.ts'

/** Points of a chart: times in seconds since 1970, and a value for each. */
export type Points = [timesSeconds: number[], values: number[]]

/**
 * Values over time. The canvas is redrawn when the points change and replaced when the colours do. Its box has a fixed height, so
 * that nothing moves when it appears.
 *
 * @param label describes the chart in words
 */
export function Chart({ points, label, unit }: { points: Points; label: string; unit: string }) {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot>(undefined)
  const latest = useRef(points)
  latest.current = points
  const colours = theme.value
  useEffect(() => {
    const box = place.current
    if (box === null) return
    const made = new uPlot(optionsFor(box, unit), latest.current, box)
    chart.current = made
    const resizing = new ResizeObserver(() => made.setSize(sizeOf(box)))
    resizing.observe(box)
    return () => {
      resizing.disconnect()
      made.destroy()
    }
  }, [colours, unit])
  useEffect(() => chart.current?.setData(points), [points])
  return <div class="chart" ref={place} role="img" aria-label={label} />
}

/** Counts are whole numbers, so the axis has whole steps. */
const wholeSteps = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map(step => step * 10 ** power)).flat()

/** The seconds between two points. */
function stepOf(times: ArrayLike<number>): number {
  return (times[1] ?? 0) - (times[0] ?? 0)
}

function sizeOf(box: HTMLElement): { width: number; height: number } {
  return { width: Math.max(box.clientWidth, 100), height: Math.max(box.clientHeight, 100) }
}

function optionsFor(box: HTMLElement, unit: string): uPlot.Options {
  const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
  const axis = {
    stroke: colour('--faint'),
    font: '12px system-ui, sans-serif',
    ticks: { show: false },
    grid: { stroke: colour('--line'), width: 1 },
  }
  return {
    ...sizeOf(box),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    padding: [12, 8, 0, 0],
    // Room for the last bar, which begins at the last point.
    scales: {
      x: { range: (chart, min, max) => [min, max + stepOf(chart.data[0])] },
      y: { range: (_, __, max) => [0, Math.max(max * 1.1, 1)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: 70, values: timesOfDay },
      { ...axis, size: 52, space: 40, incrs: wholeSteps },
    ],
    series: [
      {},
      {
        label: unit,
        stroke: colour('--accent'),
        width: 0,
        fill: colour('--accent'),
        points: { show: false },
        ...(uPlot.paths.bars === undefined
          ? {}
          : { paths: uPlot.paths.bars({ size: [0.75, 24, 1], radius: 0.2, align: 1 }) }),
      },
    ],
  }
}

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })

function timesOfDay(_: uPlot, ticks: number[]): string[] {
  return ticks.map(seconds => clockFormat.format(seconds * 1000))
}
