import { parse } from 'csv-parse/browser/esm/sync'
import { Refusal } from '../platform/api.ts'
import type { Step } from './bulk-work.ts'
import { texts } from './texts.ts'

const words = texts.csv

/** The most lines of a file. */
export const linesMax = 5_000

/**
 * Reads a file of tracking numbers.
 *
 * @param text CSV with a header: shipment_id, tracking_number and, if it is there, carrier
 * @returns a shipment each, with all of its numbers, in the order of the file
 * @throws Refusal that names the first line that cannot be used
 */
export function readSteps(text: string): Step[] {
  const rows = readRows(text)
  const numbers = new Map<string, { number: string; carrier?: string }[]>()
  rows.forEach(({ shipment_id: shipmentId = '', tracking_number: number = '', carrier = '' }, index) => {
    // The header is the first line.
    if (shipmentId === '') throw refuse(words.line(index + 2, words.noShipment))
    const own = numbers.get(shipmentId) ?? []
    numbers.set(shipmentId, own)
    if (number !== '') own.push({ number, ...(carrier === '' ? {} : { carrier }) })
  })
  return [...numbers].map(([shipmentId, own]) => {
    const carrier = own.find(one => one.carrier !== undefined)?.carrier
    const body = { tracking_numbers: own, ...(carrier === undefined ? {} : { carrier }) }
    return { shipmentId, action: 'ship', body }
  })
}

type Row = Partial<Record<'shipment_id' | 'tracking_number' | 'carrier', string>>

function readRows(text: string): Row[] {
  const rows = parseRows(text)
  const [first] = rows
  if (first === undefined) throw refuse(words.empty)
  for (const column of ['shipment_id', 'tracking_number']) {
    if (!(column in first)) throw refuse(words.missing(column))
  }
  if (rows.length > linesMax) throw refuse(words.tooMany(linesMax))
  return rows
}

function parseRows(text: string): Row[] {
  try {
    return parse(text, { columns: true, bom: true, trim: true, skip_empty_lines: true, delimiter: [',', ';', '\t'] })
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error))
  }
}

function refuse(detail: string): Refusal {
  return new Refusal(0, { title: words.invalid, detail })
}
