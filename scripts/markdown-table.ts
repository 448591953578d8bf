/** A table in Markdown, its columns padded as the formatter of the repository pads them. */
export function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, index) => Math.max(heading.length, ...rows.map(row => row[index]?.length ?? 0)))
  const line = (cells: readonly string[], fill: string) =>
    `| ${widths.map((width, index) => (cells[index] ?? '').padEnd(width, fill)).join(' | ')} |\n`
  return [line(headings, ' '), line([], '-'), ...rows.map(row => line(row, ' '))].join('')
}
