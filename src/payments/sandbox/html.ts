/** Markup that is made of literals, and of values that were escaped. */
export type Html = Readonly<{ markup: string }>

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Makes markup of a template: every text in it is escaped, so data never becomes markup. */
export function html(literals: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[])[]): Html {
  const pieces = literals.map(
    (literal, index) => literal + (index < values.length ? markupOf(values[index] ?? '') : ''),
  )
  return { markup: pieces.join('') }
}

function markupOf(value: string | Html | readonly Html[]): string {
  if (typeof value === 'string') return value.replace(/[&<>"']/g, character => escapes[character] ?? '')
  return 'markup' in value ? value.markup : value.map(markupOf).join('')
}
