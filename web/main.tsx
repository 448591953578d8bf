import { render } from 'preact'
import { LocationProvider } from 'preact-iso'
import { Shell } from './shell/shell.tsx'

const place = document.getElementById('page')
if (place === null) throw new Error('the document has no place for the page')

// The API's own page is the server's; every other address of ours is a page of this program.
render(
  <LocationProvider scope={/^\/(?!api\/|metrics)/}>
    <Shell />
  </LocationProvider>,
  place,
)
