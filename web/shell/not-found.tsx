import { Empty } from '../parts/states.tsx'
import { routes } from '../routes.ts'
import { texts } from '../texts.ts'
import { PageHead } from './page.tsx'

/** What is shown at an address that no page has. */
export function NotFound() {
  return (
    <>
      <PageHead title={texts.notFound.title} />
      <Empty title={texts.notFound.text}>
        <a href={routes.overview}>{texts.notFound.link}</a>
      </Empty>
    </>
  )
}
