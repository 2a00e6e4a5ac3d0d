import { Hono } from 'hono'

const app = new Hono()
app.get('/v1/sagas', (c) => c.json({ sagas: [{ name: 'http' }] }))

export default app
