import './shared.css'
import { render } from 'preact'
import { LocationProvider } from 'preact-iso'
import { shopAddress } from './address.ts'
import { ShopShell } from './shell.tsx'

const place = document.getElementById('shop')
if (place === null) throw new Error('the document has no place for the shop')

// The browser asks for the icon again when the address changes, and would look for it relative to the new one.
const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]')
icon?.setAttribute('href', icon.href)

// Only addresses of the shop are pages of this program.
render(
  <LocationProvider scope={shopAddress('catalogue')}>
    <ShopShell />
  </LocationProvider>,
  place,
)
