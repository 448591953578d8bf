import { useRoute } from 'preact-iso'
import { orderAddress } from '../orders/addresses.ts'
import { Icon } from '../parts/icon.tsx'
import { PageHead } from '../shell/page.tsx'
import { ledgerAddress } from './addresses.ts'
import { Books } from './books.tsx'
import { texts } from './texts.ts'

/** The books of an order. */
export default function BooksPage() {
  const { id = '' } = useRoute().params
  return (
    <>
      <a class="back" href={ledgerAddress()}>
        <Icon name="left" />
        {texts.title}
      </a>
      <PageHead title={texts.books.of(id)} />
      <p class="summary-line">
        <a href={orderAddress(id)}>{texts.books.order}</a>
      </p>
      <Books orderUid={id} />
    </>
  )
}
