/**
 * The dashboard's only script: pages can be read and every form be sent without it. It follows live
 * parts, copies code, uploads in pieces and knows one key.
 */
export const script: string = String.raw`(() => {
'use strict'
const body = document.body
const base = body.dataset.base ?? ''
const LONGEST = 60000

// Live parts: one stream a page, opened again later and later while it fails, closed while nobody looks.
const follow = body.dataset.follow
const hasParts = document.querySelector('[data-live]') !== null
const tail = document.querySelector('[data-tail]')
const address = tail !== null ? tail.dataset.tail : follow !== undefined && hasParts ? base + '/live?page=' + encodeURIComponent(follow) : null
const pulse = document.querySelector('.pulse')
let source = null
let failures = 0
let timer = 0

function say(on, text) {
  if (pulse === null) return
  pulse.classList.toggle('on', on)
  pulse.textContent = text
}

function open() {
  if (source !== null || address === null || document.hidden) return
  source = new EventSource(address)
  source.addEventListener('open', () => say(true, 'Live'))
  source.addEventListener('part', (event) => { failures = 0; place(JSON.parse(event.data)) })
  source.addEventListener('still', () => { failures = 0 })
  source.addEventListener('line', (event) => { failures = 0; append(JSON.parse(event.data)) })
  source.addEventListener('ended', () => { close(); say(false, 'Signed out: load the page again') ; failures = Infinity })
  source.addEventListener('failed', later)
  source.addEventListener('error', later)
}

function close() {
  source?.close()
  source = null
  clearTimeout(timer)
}

function later() {
  close()
  if (failures === Infinity) return
  failures++
  const wait = Math.min(1000 * 2 ** failures, LONGEST) * (0.5 + Math.random() / 2)
  say(false, 'Reconnecting')
  timer = setTimeout(open, wait)
}

function isInUse(part) {
  const active = document.activeElement
  if (active !== null && active !== body && part.contains(active)) return true
  if (part.querySelector('details[open]') !== null) return true
  const selection = document.getSelection()
  return selection !== null && !selection.isCollapsed && part.contains(selection.anchorNode)
}

function place({ name, html }) {
  const part = document.querySelector('[data-live="' + CSS.escape(name) + '"]')
  if (part === null || isInUse(part) || part.innerHTML === html) return
  // It was escaped where it was made.
  part.innerHTML = html
  showCopies(part)
}

function append({ html }) {
  const list = tail
  const stays = list.dataset.stays === 'yes'
  if (stays) return
  list.insertAdjacentHTML('afterbegin', html)
  while (list.children.length > 500) list.lastElementChild.remove()
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) { close(); say(false, 'Paused') } else { failures = failures === Infinity ? Infinity : 0; if (failures === 0) open() }
})
addEventListener('pagehide', close)
open()

// Code to copy.
function showCopies(root) {
  if (navigator.clipboard === undefined) return
  for (const button of root.querySelectorAll('[data-copy]')) button.hidden = false
}
document.addEventListener('click', async (event) => {
  const button = event.target instanceof Element ? event.target.closest('[data-copy]') : null
  if (button === null) return
  await navigator.clipboard.writeText(button.parentElement.querySelector('code').textContent)
  button.textContent = 'Copied'
  setTimeout(() => { button.textContent = 'Copy' }, 1500)
})
showCopies(document)

// The time zone of this browser, offered.
for (const field of document.querySelectorAll('[data-zone]')) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  const button = field.parentElement.parentElement.querySelector('[data-own-zone]')
  if (button === null || own === undefined || own === field.value) continue
  button.hidden = false
  button.textContent = 'Use ' + own
  button.addEventListener('click', () => { field.value = own; field.form.requestSubmit() })
}

// Lists are filtered as soon as something is chosen.
for (const choice of document.querySelectorAll('form[data-filter] select'))
  choice.addEventListener('change', () => choice.form.requestSubmit())

// On a phone the section that one is in may be beside the screen.
document.querySelector('.sections [aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' })

// A slash goes to the search.
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return
  const field = document.querySelector('[data-search]')
  if (field === null) return
  event.preventDefault()
  field.focus()
})

// A menu closes where one presses beside it, or Escape.
document.addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll('.menu[open]'))
    if (!(event.target instanceof Node && menu.contains(event.target))) menu.open = false
})
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return
  for (const menu of document.querySelectorAll('.menu[open]')) {
    menu.open = false
    menu.querySelector('summary').focus()
  }
})

// Uploads: in pieces, each from where the server says it is, so that a reload goes on with them.
const upload = document.querySelector('form[data-upload]')
if (upload !== null) setUp(upload)

function setUp(form) {
  const token = document.querySelector('main').dataset.token
  const input = form.querySelector('input[type=file]')
  const area = form.querySelector('[data-progress]')
  const bar = area.querySelector('progress')
  const words = area.querySelector('[data-words]')
  const piece = Number(form.dataset.piece)
  form.querySelector('button').hidden = false
  const kept = JSON.parse(localStorage.getItem('wc-upload') ?? 'null')
  if (kept !== null && kept.prefix === form.dataset.prefix) {
    area.hidden = false
    bar.value = kept.offset / kept.size
    words.textContent = kept.name + ' stopped at ' + percent(kept.offset, kept.size) + ': choose the same file to go on'
  }
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const file = input.files[0]
    if (file === undefined) return
    const button = form.querySelector('button')
    button.disabled = true
    area.hidden = false
    try {
      await send(file)
      localStorage.removeItem('wc-upload')
      location.reload()
    } catch (error) {
      words.textContent = String(error.message ?? error)
      button.disabled = false
    }
  })

  async function send(file) {
    const mark = { name: file.name, size: file.size, changed: file.lastModified, prefix: form.dataset.prefix }
    const before = JSON.parse(localStorage.getItem('wc-upload') ?? 'null')
    const isSame = before !== null && ['name', 'size', 'changed', 'prefix'].every((part) => before[part] === mark[part])
    let session = isSame ? await ask('GET', '/storage/uploads/' + before.id) : null
    session ??= await ask('PUT', '/storage/uploads', JSON.stringify({ key: form.dataset.prefix + file.name, size: file.size, type: file.type }))
    if (session === null) throw new Error('The upload could not be begun')
    let tries = 0
    while (session.state === 'open') {
      show(file, session.offset)
      localStorage.setItem('wc-upload', JSON.stringify({ ...mark, id: session.id, offset: session.offset }))
      const bytes = file.slice(session.offset, session.offset + piece)
      try {
        session = await ask('PATCH', '/storage/uploads/' + session.id + '?offset=' + session.offset, bytes)
        tries = 0
      } catch (error) {
        if (++tries > 5) throw error
        await new Promise((done) => setTimeout(done, 500 * 2 ** tries))
        session = await ask('GET', '/storage/uploads/' + session.id)
      }
      if (session === null) throw new Error('The upload is not there any more: begin anew')
    }
    show(file, file.size)
  }

  function show(file, offset) {
    bar.value = file.size === 0 ? 1 : offset / file.size
    words.textContent = file.name + ': ' + percent(offset, file.size)
  }

  async function ask(method, path, sent) {
    const response = await fetch(base + path, { method, body: sent, headers: { 'x-form-token': token } })
    if (response.status === 404) return null
    if (!response.ok) throw new Error('The server answered ' + response.status)
    return response.json()
  }

  function percent(part, whole) {
    return whole === 0 ? '100 %' : Math.floor(part / whole * 100) + ' %'
  }
}
})()
`
