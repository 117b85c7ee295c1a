// What a user does with the official PocketBase SDK, and without it where the SDK hides the wire:
// node operations.mjs BASE SUPERUSER_EMAIL SUPERUSER_PASSWORD TRANSCRIPT_FILE
// against a server that is new but for that superuser. Later steps build on earlier ones.
import "./operations/superuser.mjs";
import "./operations/create.mjs";
import "./operations/auth.mjs";
import "./operations/companies.mjs";
import "./operations/records.mjs";
import "./operations/filters.mjs";
import "./operations/multipart.mjs";
import "./operations/batch.mjs";
import "./operations/realtime.mjs";
import "./operations/superusers.mjs";
import "./operations/collections.mjs";
import "./operations/backups.mjs";
import "./operations/errors.mjs";
import { run } from "./operations/harness.mjs";

await run();
