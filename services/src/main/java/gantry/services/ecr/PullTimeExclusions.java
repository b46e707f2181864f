package gantry.services.ecr;

import gantry.services.ecr.EcrTables.ExclusionRow;
import gantry.state.Page;
import gantry.state.Scope;
import java.time.Instant;
import software.amazon.awssdk.services.ecr.model.DeregisterPullTimeUpdateExclusionRequest;
import software.amazon.awssdk.services.ecr.model.DeregisterPullTimeUpdateExclusionResponse;
import software.amazon.awssdk.services.ecr.model.ExclusionAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.ExclusionNotFoundException;
import software.amazon.awssdk.services.ecr.model.ListPullTimeUpdateExclusionsRequest;
import software.amazon.awssdk.services.ecr.model.ListPullTimeUpdateExclusionsResponse;
import software.amazon.awssdk.services.ecr.model.RegisterPullTimeUpdateExclusionRequest;
import software.amazon.awssdk.services.ecr.model.RegisterPullTimeUpdateExclusionResponse;

/** Principals whose pulls do not count for lastRecordedPullTime, through the API. */
final class PullTimeExclusions {

  private final Registry registry;
  private final Gate gate;

  PullTimeExclusions(Registry registry, Gate gate) {
    this.registry = registry;
    this.gate = gate;
  }

  RegisterPullTimeUpdateExclusionResponse register(RegisterPullTimeUpdateExclusionRequest request) {
    Scope scope = gate.own("RegisterPullTimeUpdateExclusion");
    Instant now = registry.clock.instant();
    String arn = request.principalArn();
    registry.store.write(
        tx -> {
          if (tx.get(EcrTables.EXCLUSIONS, scope.key(arn)) != null) {
            throw ExclusionAlreadyExistsException.builder()
                .message("The pull time update exclusion for '" + arn + "' already exists")
                .build();
          }
          tx.put(EcrTables.EXCLUSIONS, scope.key(arn), new ExclusionRow(arn, now));
          return null;
        });
    return RegisterPullTimeUpdateExclusionResponse.builder()
        .principalArn(arn)
        .createdAt(now)
        .build();
  }

  DeregisterPullTimeUpdateExclusionResponse deregister(
      DeregisterPullTimeUpdateExclusionRequest request) {
    Scope scope = gate.own("DeregisterPullTimeUpdateExclusion");
    String arn = request.principalArn();
    registry.store.write(
        tx -> {
          if (tx.get(EcrTables.EXCLUSIONS, scope.key(arn)) == null) {
            throw ExclusionNotFoundException.builder()
                .message("The pull time update exclusion for '" + arn + "' does not exist")
                .build();
          }
          tx.delete(EcrTables.EXCLUSIONS, scope.key(arn));
          return null;
        });
    return DeregisterPullTimeUpdateExclusionResponse.builder().principalArn(arn).build();
  }

  ListPullTimeUpdateExclusionsResponse list(ListPullTimeUpdateExclusionsRequest request) {
    Scope scope = gate.own("ListPullTimeUpdateExclusions");
    Listing listing =
        Listing.of(
            "ListPullTimeUpdateExclusions/" + scope, request.nextToken(), request.maxResults());
    Page<ExclusionRow> page =
        listing.rows(
            registry.store.snapshot(),
            EcrTables.EXCLUSIONS,
            scope,
            row -> true,
            ExclusionRow::principalArn);
    return ListPullTimeUpdateExclusionsResponse.builder()
        .pullTimeUpdateExclusions(page.items().stream().map(ExclusionRow::principalArn).toList())
        .nextToken(page.nextToken())
        .build();
  }
}
