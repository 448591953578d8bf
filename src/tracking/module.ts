import type { Module } from '../module.ts'

/** Parcels, and what carriers report of them. It knows numbers and carriers, and no order but by its uid. */
export const trackingModule: Module = {
  name: 'tracking',
  title: 'Tracking',
  buildsOn: ['events'],
}
