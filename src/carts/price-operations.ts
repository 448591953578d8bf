import { answer, pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import { pageParameters } from '../platform/query.ts'
import { discountBody, discountView, methodBody, methodView, rateBody, rateView } from './price-documents.ts'

/** The operations of discount codes, delivery methods and tax rates in OpenAPI. */

const flag = { type: 'boolean' }

export const discountParameters = {
  ...pageParameters('Entries'),
  active: { description: 'Only those that are active, or that are not', schema: flag },
}
export const methodParameters = {
  ...pageParameters('Entries'),
  country: { description: 'Only those that deliver to this country', schema: { type: 'string' } },
  currency: { description: 'Only those that have a price in this currency', schema: { type: 'string' } },
  all: { description: 'true: also those that are not active, which takes a key with carts:write', schema: flag },
}
export const rateParameters = {
  ...pageParameters('Entries'),
  country: { description: 'Only those of this country', schema: { type: 'string' } },
}

const tags = ['prices']
const body = (schema: object) => ({ content: { 'application/json': { schema } } })
const page = (view: object) => pageAnswer('A page, by id; the Link header leads to the next one', view)
const notValid = { 400: problemAnswer('The body or a parameter is not valid; errors lists all that is wrong') }
const removed = { 204: { description: 'It is done' } }
const full = 'There are as many as there may be'

export const discountOperations = {
  list: {
    ...{ operationId: 'listDiscounts', summary: 'List discount codes', tags },
    description:
      'By code. Where few of many match, a page may have fewer than asked for, or none, and a Link to the next one.',
    parameters: queryParameters(discountParameters),
    responses: { 200: page(discountView), ...notValid },
  },
  read: {
    ...{ operationId: 'readDiscount', summary: 'Read a discount code and how often it is used', tags },
    description: 'The code is compared without regard to case.',
    responses: { 200: answer('The discount', discountView), 404: problemAnswer('There is no such code') },
  },
  put: {
    ...{ operationId: 'putDiscount', summary: 'Make or replace a discount code', tags },
    description:
      'Fields that are left out have their defaults. The uses of a code that is replaced stay: limit must be at least as many.',
    requestBody: body(discountBody),
    responses: { 200: answer('It was replaced', discountView), 201: answer('It was made', discountView), ...notValid },
  },
  remove: {
    ...{ operationId: 'deactivateDiscount', summary: 'End a discount code', tags },
    description: 'It is no longer active; the code stays, with its uses.',
    responses: { ...removed, 404: problemAnswer('There is no such code') },
  },
}

export const methodOperations = {
  list: {
    ...{ operationId: 'listDeliveryMethods', summary: 'List delivery methods', tags },
    description: 'By id. Public: a shop shows them before anybody has a cart. Those that are not active are left out.',
    parameters: queryParameters(methodParameters),
    responses: { 200: page(methodView), ...notValid },
  },
  read: {
    ...{ operationId: 'readDeliveryMethod', summary: 'Read a delivery method', tags },
    description: 'Also one that is not active.',
    responses: { 200: answer('The method', methodView), 404: problemAnswer('There is no such method') },
  },
  put: {
    ...{ operationId: 'putDeliveryMethod', summary: 'Make or replace a delivery method', tags },
    description: 'Fields that are left out have their defaults. Open carts that chose it are priced by it from now on.',
    requestBody: body(methodBody),
    responses: {
      200: answer('It was replaced', methodView),
      201: answer('It was made', methodView),
      ...notValid,
      409: problemAnswer(full),
    },
  },
  remove: {
    ...{ operationId: 'deactivateDeliveryMethod', summary: 'End a delivery method', tags },
    description: 'It is no longer active; carts that chose it have to choose another.',
    responses: { ...removed, 404: problemAnswer('There is no such method') },
  },
}

export const rateOperations = {
  list: {
    ...{ operationId: 'listTaxRates', summary: 'List tax rates', tags },
    description: 'By id.',
    parameters: queryParameters(rateParameters),
    responses: { 200: page(rateView), ...notValid },
  },
  read: {
    ...{ operationId: 'readTaxRate', summary: 'Read a tax rate', tags },
    description: 'Which rate applies: docs/prices.md.',
    responses: { 200: answer('The rate', rateView), 404: problemAnswer('There is no such rate') },
  },
  put: {
    ...{ operationId: 'putTaxRate', summary: 'Make or replace a tax rate', tags },
    description: 'One rate is for a country, region and tax class. Fields that are left out have their defaults.',
    requestBody: body(rateBody),
    responses: {
      200: answer('It was replaced', rateView),
      201: answer('It was made', rateView),
      ...notValid,
      409: problemAnswer(`Another rate is for the same country, region and class; or t${full.slice(1)}`),
    },
  },
  remove: {
    ...{ operationId: 'deleteTaxRate', summary: 'Remove a tax rate', tags },
    description: 'Orders keep what they were taxed by.',
    responses: { ...removed, 404: problemAnswer('There is no such rate') },
  },
}
