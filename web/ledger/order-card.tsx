import { useSignal } from '@preact/signals'
import type { OrderCardProps } from '../module.ts'
import { booksAddress } from './addresses.ts'
import { Books } from './books.tsx'
import { texts } from './texts.ts'

const words = texts.books

/** The books of an order, read once somebody wants to see them. */
export default function OrderBooksCard({ order: { order_uid: uid }, newestEventId }: OrderCardProps) {
  const isOpen = useSignal(false)
  return (
    <section class="card" aria-labelledby="books-title">
      <div class="card-head">
        <h2 id="books-title">{words.card}</h2>
        <a href={booksAddress(uid)}>{words.page}</a>
      </div>
      <details
        class="books"
        onToggle={toggled => {
          isOpen.value = toggled.currentTarget.open
        }}
      >
        <summary>{words.open}</summary>
        {isOpen.value && <Books orderUid={uid} edition={newestEventId ?? ''} />}
      </details>
    </section>
  )
}
