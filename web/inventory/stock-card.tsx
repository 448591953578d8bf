import { useSignal } from '@preact/signals'
import { count } from '../platform/money.ts'
import { CountDialog } from './count-dialog.tsx'
import type { Stock } from './item.ts'
import type { ItemModel, ItemState } from './item-model.ts'
import { MovementDialog } from './movement-dialog.tsx'
import { texts } from './texts.ts'

type Action = keyof typeof texts.actions
type Props = { model: ItemModel; state: ItemState }

const looks: Record<Action, string> = {
  received: '',
  count: 'second',
  transferred: 'second',
  adjusted: 'second',
  quarantined: 'second',
  unquarantined: 'second',
  written_off: 'danger-quiet',
}

/** The stock of an item at each location, and what can be recorded about it. */
export function StockCard({ model, state }: Props) {
  const asked = useSignal<{ action: Action; state: ItemState } | undefined>(undefined)
  const close = () => {
    asked.value = undefined
  }
  const { stock } = state
  return (
    <section class="card stack" aria-labelledby="stock-title">
      <h2 id="stock-title">{texts.stock.title}</h2>
      <div class="stock-actions">
        {possibleOf(state).map(action => (
          <button
            key={action}
            type="button"
            class={`small ${looks[action]}`}
            onClick={() => {
              asked.value = { action, state }
            }}
          >
            {texts.actions[action].button}
          </button>
        ))}
      </div>
      {stock.is_tracked ? <Locations stock={stock} /> : <p class="faint">{texts.untrackedHint}</p>}
      {asked.value?.action === 'count' && <CountDialog model={model} state={asked.value.state} close={close} />}
      {asked.value !== undefined && asked.value.action !== 'count' && (
        <MovementDialog kind={asked.value.action} model={model} state={asked.value.state} close={close} />
      )}
    </section>
  )
}

/** What can be recorded; the service decides. */
function possibleOf({ stock, locations }: ItemState): Action[] {
  const can: Record<Action, boolean> = {
    received: true,
    count: true,
    transferred: locations.length > 1 && stock.on_hand > 0,
    adjusted: stock.is_tracked,
    quarantined: stock.on_hand > stock.unavailable,
    unquarantined: stock.unavailable > 0,
    written_off: stock.on_hand > 0,
  }
  return (Object.keys(can) as Action[]).filter(action => can[action])
}

function Locations({ stock }: { stock: Stock }) {
  const { columns, all } = texts.stock
  const numbers = ['on_hand', 'reserved', 'unavailable', 'available'] as const
  const { locations } = stock
  const rows = locations.length > 1 ? [...locations, { ...stock, location: all }] : locations
  return (
    <table class="stock-table">
      <thead>
        <tr>
          <th scope="col">{columns.location}</th>
          {numbers.map(name => (
            <th key={name} scope="col" class="amount">
              {columns[name]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={index < locations.length ? row.location : ''} class={index < locations.length ? '' : 'total'}>
            <th scope="row">{row.location}</th>
            {numbers.map(name => (
              <td key={name} class="amount" data-label={columns[name]}>
                {count(row[name])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
