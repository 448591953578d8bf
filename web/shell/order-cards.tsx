import { useSignal } from '@preact/signals'
import { useCallback, useEffect } from 'preact/hooks'
import type { OrderCard, OrderCardProps } from '../module.ts'
import { modules } from '../modules.ts'
import { Failure } from '../parts/states.tsx'

const cards = modules.flatMap(({ orderCards = [] }) => orderCards)

/** The cards that modules add to the page of an order, in the order of the list of modules. */
export function OrderCards(props: OrderCardProps) {
  return (
    <>
      {cards.map(card => (
        <Card key={card.name} card={card} {...props} />
      ))}
    </>
  )
}

/** Shows nothing until the component is there: cards lie below what is read first. */
function Card({ card, ...props }: OrderCardProps & { card: OrderCard }) {
  const loaded = useSignal<Awaited<ReturnType<OrderCard['load']>> | undefined>(undefined)
  const failure = useSignal<unknown>(undefined)
  const load = useCallback(async () => {
    failure.value = undefined
    try {
      loaded.value = await card.load()
    } catch (error) {
      failure.value = error
    }
  }, [card, loaded, failure])
  useEffect(() => void load(), [load])
  if (failure.value !== undefined) return <Failure error={failure.value} retry={() => void load()} />
  if (loaded.value === undefined) return null
  const Content = loaded.value.default
  return <Content {...props} />
}
