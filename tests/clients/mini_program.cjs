// A mini-program in Node: its markup is compiled by WeChat's own compiler, its pages run with a `wx`, and buttons are pressed where they
// are rendered.
'use strict'

const assert = require('node:assert/strict')
const { existsSync, readFileSync } = require('node:fs')
const { join } = require('node:path')

const { wxmlToJs, wxssToJs } = require('miniprogram-compiler')

/** Events of WeChat's by the attribute that binds them. */
const REACTIONS = ['bindtap', 'bindchooseavatar', 'bindgetphonenumber', 'bindagreeprivacyauthorization']

// What the compiled code expects around it.
globalThis.window = globalThis
globalThis.__wxAppCode__ = {}

class MiniProgram {
  /** The one in this folder, on a phone with this `wx`. */
  constructor(folder, wx) {
    this.folder = folder
    this.config = this.json('app.json')
    this.markup = new Function('global', wxmlToJs(folder))({})
    this.told = { toasts: [], routes: [] }
    globalThis.wx = Object.assign(wx, this.screen())
    globalThis.App = () => {}
  }

  /** What a phone shows. */
  screen() {
    return {
      showToast: ({ title }) => this.told.toasts.push(title),
      redirectTo: ({ url }) => this.told.routes.push(url),
      reLaunch: ({ url }) => this.told.routes.push(url),
    }
  }

  json(path) {
    return JSON.parse(readFileSync(join(this.folder, path), 'utf8'))
  }

  /** Files that the configuration speaks of and that are not there, or not whole. */
  missing() {
    const parts = this.config.pages.flatMap((page) => [page, ...Object.values(this.json(`${page}.json`).usingComponents || {})])
    const files = parts.flatMap((part) => ['js', 'json', 'wxml', 'wxss'].map((end) => `${part}.${end}`))
    return [...files, this.config.sitemapLocation, 'app.js', 'app.wxss'].filter((file) => !existsSync(join(this.folder, file)))
  }

  /** A page or a component, as it comes up. */
  async open(path) {
    let made
    globalThis.Page = (definition) => (made = definition)
    globalThis.Component = (definition) => (made = { ...definition, ...definition.methods, onLoad: definition.lifetimes.attached })
    const file = require.resolve(join(this.folder, `${path}.js`))
    delete require.cache[file]
    require(file)
    const page = { ...made, data: { ...made.data }, setData(change) { Object.assign(this.data, change) } }
    page.render = () => this.render(path, page.data)
    if (page.onLoad) await page.onLoad()
    return page
  }

  render(path, data) {
    return this.markup(`${path}.wxml`)(JSON.parse(JSON.stringify(data)))
  }
}

/** All nodes of what is rendered. */
function nodes(node) {
  return typeof node === 'object' ? [node, ...node.children.flatMap(nodes)] : []
}

/** The text of what is rendered. */
function textOf(node) {
  return typeof node === 'object' ? node.children.map(textOf).join('') : node
}

/** The node that has this text and nothing else, or this attribute. */
function find(page, what) {
  const all = nodes(page.render())
  const found = all.find((node) => (typeof what === 'string' ? textOf(node) === what && node.attr && REACTIONS.some((name) => node.attr[name]) : what(node)))
  assert(found, `nothing of ${what} in ${textOf(page.render())}`)
  return found
}

/** Presses what has this text: WeChat calls the handler with the event. */
async function press(page, text, detail = {}) {
  const { attr } = find(page, text)
  assert(!attr.disabled, `${text} is disabled`)
  const handler = REACTIONS.map((name) => attr[name]).find(Boolean)
  await page[handler]({ detail })
}

/** Submits the form with these values. */
async function submit(page, value) {
  const form = find(page, (node) => node.tag === 'wx-form')
  const names = nodes(form).map((node) => node.attr && node.attr.name).filter(Boolean)
  assert.deepEqual(Object.keys(value), names)
  await page[form.attr.bindsubmit]({ detail: { value } })
}

/** The handlers that the markup binds and the script has not. */
function unbound(page) {
  const attributes = nodes(page.render()).flatMap((node) => Object.entries(node.attr || {}))
  return attributes.filter(([name, value]) => name.startsWith('bind') && typeof page[value] !== 'function').map(([, value]) => value)
}

module.exports = { MiniProgram, find, nodes, press, submit, textOf, unbound, wxssToJs }
