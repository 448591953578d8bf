import JsBarcode from 'jsbarcode'

const [moduleWidth, height, quietModules] = [1, 60, 10]

/**
 * A text as a Code 128 barcode, drawn as an image that scales without a loss.
 *
 * @param text ASCII, such as the id of an order
 * @param label what a screen reader says of it
 */
export function Barcode({ text, label }: { text: string; label: string }) {
  const bars = barsOf(text)
  const width = (bars.at(-1)?.end ?? 0) + quietModules
  return (
    <svg class="barcode" role="img" aria-label={label} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none">
      {bars.map(({ start, end }) => (
        <rect key={start} x={start} y={0} width={(end - start) * moduleWidth} height={height} />
      ))}
    </svg>
  )
}

/** Where the bars stand, in modules, behind the quiet zone that a scanner needs. */
function barsOf(text: string): { start: number; end: number }[] {
  const encoded: { encodings?: { data: string }[] } = {}
  JsBarcode(encoded, text, { format: 'CODE128' })
  const modules = encoded.encodings?.map(({ data }) => data).join('') ?? ''
  return [...modules.matchAll(/1+/g)].map(({ index, 0: run }) => ({
    start: quietModules + index,
    end: quietModules + index + run.length,
  }))
}
