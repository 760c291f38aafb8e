#!/bin/sh
# HTCondor USER_JOB_WRAPPER: sets BEARER_TOKEN_FILE for a job that has OAuth credentials, then becomes the job.
#
# SCITOKENS_SERVICE in the job's environment picks the credential (service, or service_handle) where there are several.
# A .use with the bare token is used as it is. From a JSON .use the token is copied into a file of the job's own, again
# whenever the starter brings a new one; the copying ends with the job.
creds=${_CONDOR_CREDS:-}
if [ -n "$creds" ] && [ -z "${BEARER_TOKEN_FILE:-}" ]; then
  use=
  if [ -n "${SCITOKENS_SERVICE:-}" ]; then
    use=$creds/$SCITOKENS_SERVICE.use
  else
    for candidate in "$creds"/*.use; do
      # Several and no choice made: better no token than one of chance.
      if [ -n "$use" ]; then use=; break; fi
      [ -f "$candidate" ] && use=$candidate
    done
  fi
  if [ -n "$use" ] && [ -f "$use" ]; then
    case $(head -c 1 "$use") in
      '{')
        BEARER_TOKEN_FILE=${TMPDIR:-${_CONDOR_SCRATCH_DIR:-/tmp}}/bearer_token.$$
        copy_token() {
          (umask 077 && sed -n 's/.*"access_token"[[:space:]]*:[[:space:]]*"\([A-Za-z0-9._~+\/=-]*\)".*/\1/p' "$use" \
            > "$BEARER_TOKEN_FILE.new") && mv -f "$BEARER_TOKEN_FILE.new" "$BEARER_TOKEN_FILE"
        }
        copy_token
        job=$$
        (
          while kill -0 "$job" 2>/dev/null; do
            sleep "${SCITOKENS_COPY_SECONDS:-30}"
            [ "$use" -nt "$BEARER_TOKEN_FILE" ] && copy_token
          done
          rm -f "$BEARER_TOKEN_FILE"
        ) </dev/null >/dev/null 2>&1 &
        ;;
      *) BEARER_TOKEN_FILE=$use ;;
    esac
    export BEARER_TOKEN_FILE
  fi
fi
exec "$@"
