import { Empty } from '../parts/states.tsx'
import { PageHead } from './page.tsx'
import { home } from './pages.ts'
import { shellTexts } from './texts.ts'

/** What is shown at an address that no page has. */
export function NotFound() {
  return (
    <>
      <PageHead title={shellTexts.notFound.title} />
      <Empty title={shellTexts.notFound.text}>
        <a href={home}>{shellTexts.notFound.link}</a>
      </Empty>
    </>
  )
}
