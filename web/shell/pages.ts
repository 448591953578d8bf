import { lazy } from 'preact-iso'
import { modules } from '../modules.ts'
import { addressOf, base } from '../platform/address.ts'

/** The address of the page that opens first. */
export const home = addressOf('/')

/** Every page of every module: its path below the host, and a component that is loaded when it is first shown. */
export const pages = modules.flatMap(module =>
  module.pages.map(({ path, parent, load, ...others }) => ({
    ...others,
    path: base + path,
    parent: parent === undefined ? undefined : base + parent,
    component: lazy(load),
  })),
)
