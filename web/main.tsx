import './styles/shared.css'
import { render } from 'preact'
import { LocationProvider } from 'preact-iso'
import { home } from './shell/pages.ts'
import { Shell } from './shell/shell.tsx'
import './styles/last.css'

const place = document.getElementById('page')
if (place === null) throw new Error('the document has no place for the page')

// The browser asks for the icon again when the address changes, and would look for it relative to the new one.
const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]')
icon?.setAttribute('href', icon.href)

// Every address of ours is a page of this program; links to what the server itself shows have a target.
render(
  <LocationProvider scope={home}>
    <Shell />
  </LocationProvider>,
  place,
)
