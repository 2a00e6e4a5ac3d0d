import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createNotifications } from '../sending/create-notifications.ts'
import type { Notifications } from '../sending/notifications.ts'
import { liquid } from './liquid.ts'

const engines: readonly (readonly [string, Notifications])[] = [
  ['the plain engine', createNotifications({ backend: memory() })],
  ['LiquidJS', createNotifications({ backend: memory(), engine: liquid() })],
]

test.each(
  engines.flatMap(([engine, notifications]) =>
    (
      [
        ['<p>{{ a }}</p>', '<b>"\'&', '<p>&lt;b&gt;&#34;&#39;&amp;</p>'],
        ['<p title="{{ a }}">', '" onclick="x', '<p title="&#34; onclick=&#34;x">'],
        ["<p title='{{ a }}'>", "' onclick='x", "<p title='&#39; onclick=&#39;x'>"],
        ['<!-- {{ a }} -->', '--><b>', '<!-- --&gt;&lt;b&gt; -->'],
        ['<title>{{ a }}</title>', '</title><b>', '<title>&lt;/title&gt;&lt;b&gt;</title>'],
        ['<p style="color: {{ a }}">', 'red; background: url(x)', '<p style="color: ">'],
        ['<a href="{{ a }}">', 'https://a.example/?b&c', '<a href="https://a.example/?b&amp;c">'],
        ['<a href="{{ a }}">', 'mailto:a@example.com', '<a href="mailto:a@example.com">'],
        ['<a href="{{ a }}">', 'javascript:x', '<a href="#">'],
        ['<a href="{{ a }}">', ' Java\tScript:x', '<a href="#">'],
        ['<a href="{{ a }}">', '\u0001javascript:x', '<a href="#">'],
        ['<a href="{{ a }}">', 'data:text/html,x', '<a href="#">'],
        // Browsers leave out the space before it.
        ['<a href=" \n{{ a }}">', 'javascript:x', '<a href=" \n#">'],
        ['<a href="{{ a }}{{ b }}">', 'java', '<a href="#script:x">'],
        ['<form action="{{ a }}">', 'javascript:x', '<form action="#">'],
        ['<svg><a xlink:href="{{ a }}">', 'javascript:x', '<svg><a xlink:href="#">'],
        ['<p>1 < {{ a }}</p>', '2', '<p>1 < 2</p>'],
        ['{{ a }}', '{{ b }}', '{{ b }}'],
      ] as const
    ).map(([template, a, expected]) => [engine, notifications, template, a, expected] as const),
  ),
)('%s: %#', async (_engine, notifications, template, a, expected) => {
  expect(await notifications.renderTemplate(template, { a, b: 'script:x' })).toBe(expected)
})

test.each(
  engines.flatMap(([engine, notifications]) =>
    [
      '<p title={{ a }}>',
      '<p {{ a }}="x">',
      '<p onclick="f({{ a }})">',
      '<img srcset="{{ a }} 2x">',
      '<iframe srcdoc="{{ a }}">',
      '<script>x = "{{ a }}"</script>',
      '<STYLE>p { color: {{ a }} }</STYLE>',
      '<{{ a }}>',
      '</{{ a }}>',
      '<b{{ a }}>',
    ].map((template) => [engine, template, notifications] as const),
  ),
)('%s refuses %s: no value is safe there', async (_engine, template, notifications) => {
  await expect(notifications.renderTemplate(template, { a: 'x' })).rejects.toMatchObject({
    code: 'invalid_template',
    message: expect.stringContaining('none can be made safe'),
  })
})

test.each(engines)('%s reads own properties alone', async (_engine, notifications) => {
  for (const [template, data] of [
    ['{{ constructor }}', {}],
    ['{{ a.constructor.name }}', { a: {} }],
    ['{{ a.b }}', { a: Object.create({ b: 'inherited' }) }],
    ['{{ __proto__ }}', {}],
    ['{{ a.x }}', { a: new Map([['x', 1]]) }],
  ] as const)
    await expect(notifications.renderTemplate(template, data)).rejects.toMatchObject({
      code: 'invalid_data',
    })
})
