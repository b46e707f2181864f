package gantry.services.route53;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.route53.Tables.HealthCheckRow;
import gantry.services.route53.Tables.HealthStatusRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.route53.model.CreateHealthCheckRequest;
import software.amazon.awssdk.services.route53.model.HealthCheck;
import software.amazon.awssdk.services.route53.model.HealthCheckAlreadyExistsException;
import software.amazon.awssdk.services.route53.model.HealthCheckConfig;
import software.amazon.awssdk.services.route53.model.HealthCheckObservation;
import software.amazon.awssdk.services.route53.model.HealthCheckRegion;
import software.amazon.awssdk.services.route53.model.HealthCheckType;
import software.amazon.awssdk.services.route53.model.HealthCheckVersionMismatchException;
import software.amazon.awssdk.services.route53.model.LinkedService;
import software.amazon.awssdk.services.route53.model.ListHealthChecksRequest;
import software.amazon.awssdk.services.route53.model.ListHealthChecksResponse;
import software.amazon.awssdk.services.route53.model.NoSuchHealthCheckException;
import software.amazon.awssdk.services.route53.model.ResettableElementName;
import software.amazon.awssdk.services.route53.model.TooManyHealthChecksException;
import software.amazon.awssdk.services.route53.model.UpdateHealthCheckRequest;

/** Health checks as they are asked for; who checks them stands in {@link Health}. */
final class HealthChecks {

  static final int MAX_CHECKS = 200;
  static final int MAX_CHILDREN = 255;
  static final int MAX_SEARCH = 255;
  static final int DEFAULT_THRESHOLD = 3;
  static final int DEFAULT_INTERVAL = 30;
  private static final int MAX_PAGE = 100;

  /** One checker stands for the fleet of many regions. */
  static final String CHECKER_ADDRESS = "127.0.0.1";

  private final ServiceContext context;

  HealthChecks(ServiceContext context) {
    this.context = context;
  }

  HealthCheck create(CreateHealthCheckRequest request) {
    Caller caller = Caller.current();
    Scope scope = caller.globalScope();
    String id = context.ids().uuid();
    return context
        .store()
        .write(
            tx -> {
              HealthCheckConfig config = checked(tx, scope, filled(request.healthCheckConfig()));
              Row<HealthCheckRow> same =
                  tx.lookup(Tables.HEALTH_CHECKS_BY_REFERENCE, scope, request.callerReference())
                      .findFirst()
                      .orElse(null);
              if (same != null) {
                if (same.value().check().healthCheckConfig().equals(config)) {
                  return same.value().check();
                }
                throw HealthCheckAlreadyExistsException.builder()
                    .message(
                        "A health check with caller reference "
                            + request.callerReference()
                            + " and other settings exists already.")
                    .build();
              }
              if (tx.count(Tables.HEALTH_CHECKS, scope) >= MAX_CHECKS && linked(caller) == null) {
                throw TooManyHealthChecksException.builder()
                    .message("An account may have " + MAX_CHECKS + " health checks.")
                    .build();
              }
              HealthCheck check =
                  HealthCheck.builder()
                      .id(id)
                      .callerReference(request.callerReference())
                      .healthCheckConfig(config)
                      .healthCheckVersion(1L)
                      .linkedService(linked(caller))
                      .build();
              tx.put(Tables.HEALTH_CHECKS, scope.key(id), new HealthCheckRow(check, Map.of()));
              return check;
            });
  }

  private static @Nullable LinkedService linked(Caller caller) {
    return Zones.CLOUD_MAP.equals(caller.arn())
        ? LinkedService.builder()
            .servicePrincipal(Zones.CLOUD_MAP)
            .description("Managed by AWS Cloud Map")
            .build()
        : null;
  }

  private static HealthCheckConfig filled(HealthCheckConfig given) {
    HealthCheckConfig.Builder config =
        given.toBuilder()
            .inverted(Boolean.TRUE.equals(given.inverted()))
            .disabled(Boolean.TRUE.equals(given.disabled()));
    if (given.type() == HealthCheckType.CALCULATED) {
      return config.healthThreshold(Objects.requireNonNullElse(given.healthThreshold(), 0)).build();
    }
    boolean secure =
        given.type() == HealthCheckType.HTTPS || given.type() == HealthCheckType.HTTPS_STR_MATCH;
    boolean http = given.type() == HealthCheckType.HTTP || isMatch(given.type());
    return config
        .port(
            given.port() != null ? given.port() : secure ? Integer.valueOf(443) : http ? 80 : null)
        .requestInterval(Objects.requireNonNullElse(given.requestInterval(), DEFAULT_INTERVAL))
        .failureThreshold(Objects.requireNonNullElse(given.failureThreshold(), DEFAULT_THRESHOLD))
        .measureLatency(Boolean.TRUE.equals(given.measureLatency()))
        .enableSNI(
            given.enableSNI() != null ? given.enableSNI() : secure ? Boolean.TRUE : Boolean.FALSE)
        .build();
  }

  private static boolean isMatch(@Nullable HealthCheckType type) {
    return type == HealthCheckType.HTTP_STR_MATCH || type == HealthCheckType.HTTPS_STR_MATCH;
  }

  /** The configuration, or what is wrong with it. */
  private static HealthCheckConfig checked(View view, Scope scope, HealthCheckConfig config) {
    HealthCheckType type = config.type();
    if (type == null || type == HealthCheckType.UNKNOWN_TO_SDK_VERSION) {
      throw Errors.invalid("There is no health check type " + config.typeAsString() + ".");
    }
    if (type == HealthCheckType.CLOUDWATCH_METRIC) {
      throw Errors.notHere(
          "A health check of type CLOUDWATCH_METRIC", "there are no CloudWatch alarms to follow");
    }
    if (type == HealthCheckType.RECOVERY_CONTROL) {
      throw Errors.notHere(
          "A health check of type RECOVERY_CONTROL", "Application Recovery Controller is not here");
    }
    if (config.alarmIdentifier() != null
        || config.insufficientDataHealthStatus() != null
        || config.routingControlArn() != null) {
      throw Errors.invalid(
          "AlarmIdentifier, InsufficientDataHealthStatus and RoutingControlArn belong to other"
              + " types of health check.");
    }
    if (Boolean.TRUE.equals(config.measureLatency())) {
      throw Errors.notHere("MeasureLatency", "there is one checker, beside the endpoints");
    }
    if (!config.regions().isEmpty()) {
      Set<HealthCheckRegion> regions = new HashSet<>(config.regions());
      if (regions.contains(HealthCheckRegion.UNKNOWN_TO_SDK_VERSION) || regions.size() < 3) {
        throw Errors.invalid("Regions must name three of the regions that have checkers.");
      }
    }
    if (type == HealthCheckType.CALCULATED) {
      checkCalculated(view, scope, config);
    } else {
      checkEndpoint(config);
    }
    return config;
  }

  private static void checkCalculated(View view, Scope scope, HealthCheckConfig config) {
    if (config.ipAddress() != null
        || config.fullyQualifiedDomainName() != null
        || config.port() != null
        || config.resourcePath() != null
        || config.searchString() != null) {
      throw Errors.invalid("A calculated health check has no endpoint of its own.");
    }
    if (config.childHealthChecks().isEmpty() || config.childHealthChecks().size() > MAX_CHILDREN) {
      throw Errors.invalid("A calculated health check has 1 to 255 child health checks.");
    }
    if (config.healthThreshold() < 0 || config.healthThreshold() > 256) {
      throw Errors.invalid("HealthThreshold must be between 0 and 256.");
    }
    for (String child : config.childHealthChecks()) {
      HealthCheckRow row = view.get(Tables.HEALTH_CHECKS, scope.key(child));
      if (row == null) {
        throw Errors.invalid("The child health check " + child + " does not exist.");
      }
      if (row.check().healthCheckConfig().type() == HealthCheckType.CALCULATED) {
        throw Errors.invalid(
            "A calculated health check cannot be the child of another: " + child + ".");
      }
    }
  }

  private static void checkEndpoint(HealthCheckConfig config) {
    HealthCheckType type = config.type();
    if (!config.childHealthChecks().isEmpty() || config.healthThreshold() != null) {
      throw Errors.invalid(
          "ChildHealthChecks and HealthThreshold belong to calculated health checks.");
    }
    if (config.ipAddress() == null && config.fullyQualifiedDomainName() == null) {
      throw Errors.invalid("Either IPAddress or FullyQualifiedDomainName is required.");
    }
    if (config.ipAddress() != null && !RecordRules.Values.isAddress(config.ipAddress())) {
      throw Errors.invalid("The address " + config.ipAddress() + " is not valid.");
    }
    if (config.port() == null || config.port() < 1 || config.port() > 65_535) {
      throw Errors.invalid("Port must be between 1 and 65535, and a TCP check needs one.");
    }
    if (config.requestInterval() != 10 && config.requestInterval() != 30) {
      throw Errors.invalid("RequestInterval must be 10 or 30.");
    }
    if (config.failureThreshold() < 1 || config.failureThreshold() > 10) {
      throw Errors.invalid("FailureThreshold must be between 1 and 10.");
    }
    boolean matches = isMatch(type);
    String search = config.searchString();
    if (matches && (search == null || search.isEmpty() || search.length() > MAX_SEARCH)) {
      throw Errors.invalid("A check of type " + type + " needs a SearchString of 1 to 255 bytes.");
    }
    if (!matches && search != null) {
      throw Errors.invalid("SearchString belongs to the types HTTP_STR_MATCH and HTTPS_STR_MATCH.");
    }
    if (type == HealthCheckType.TCP && config.resourcePath() != null) {
      throw Errors.invalid("A TCP check has no ResourcePath.");
    }
  }

  static HealthCheckRow require(View view, Scope scope, @Nullable String id) {
    HealthCheckRow row = id == null ? null : view.get(Tables.HEALTH_CHECKS, scope.key(id));
    if (row == null) {
      throw NoSuchHealthCheckException.builder()
          .message("A health check with id " + id + " does not exist.")
          .build();
    }
    return row;
  }

  HealthCheck update(UpdateHealthCheckRequest request) {
    Scope scope = Caller.current().globalScope();
    return context
        .store()
        .write(
            tx -> {
              HealthCheckRow row = require(tx, scope, request.healthCheckId());
              checkMayEdit(row);
              HealthCheck old = row.check();
              if (request.healthCheckVersion() != null
                  && !request.healthCheckVersion().equals(old.healthCheckVersion())) {
                throw HealthCheckVersionMismatchException.builder()
                    .message(
                        "The health check has version " + old.healthCheckVersion() + " by now.")
                    .build();
              }
              HealthCheck changed =
                  old.toBuilder()
                      .healthCheckConfig(
                          checked(tx, scope, changed(old.healthCheckConfig(), request)))
                      .healthCheckVersion(old.healthCheckVersion() + 1)
                      .build();
              tx.put(Tables.HEALTH_CHECKS, scope.key(old.id()), row.with(changed));
              return changed;
            });
  }

  private static HealthCheckConfig changed(
      HealthCheckConfig old, UpdateHealthCheckRequest request) {
    HealthCheckConfig.Builder next = old.toBuilder();
    for (ResettableElementName reset : request.resetElements()) {
      switch (reset) {
        case FULLY_QUALIFIED_DOMAIN_NAME -> next.fullyQualifiedDomainName(null);
        case REGIONS -> next.regions(List.of());
        case RESOURCE_PATH -> next.resourcePath(null);
        case CHILD_HEALTH_CHECKS -> next.childHealthChecks(List.of());
        case UNKNOWN_TO_SDK_VERSION -> throw Errors.invalid("There is no such element to reset.");
      }
    }
    if (request.ipAddress() != null) {
      next.ipAddress(request.ipAddress());
    }
    if (request.port() != null) {
      next.port(request.port());
    }
    if (request.resourcePath() != null) {
      next.resourcePath(request.resourcePath());
    }
    if (request.fullyQualifiedDomainName() != null) {
      next.fullyQualifiedDomainName(request.fullyQualifiedDomainName());
    }
    if (request.searchString() != null) {
      next.searchString(request.searchString());
    }
    if (request.failureThreshold() != null) {
      next.failureThreshold(request.failureThreshold());
    }
    if (request.inverted() != null) {
      next.inverted(request.inverted());
    }
    if (request.disabled() != null) {
      next.disabled(request.disabled());
    }
    if (request.healthThreshold() != null) {
      next.healthThreshold(request.healthThreshold());
    }
    if (request.hasChildHealthChecks()) {
      next.childHealthChecks(request.childHealthChecks());
    }
    if (request.enableSNI() != null) {
      next.enableSNI(request.enableSNI());
    }
    if (request.hasRegions()) {
      next.regions(request.regions());
    }
    if (request.alarmIdentifier() != null) {
      next.alarmIdentifier(request.alarmIdentifier());
    }
    if (request.insufficientDataHealthStatus() != null) {
      next.insufficientDataHealthStatus(request.insufficientDataHealthStatus());
    }
    return next.build();
  }

  void delete(String id) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              HealthCheckRow row = require(tx, scope, id);
              checkMayEdit(row);
              boolean child =
                  tx.scan(Tables.HEALTH_CHECKS, scope)
                      .anyMatch(
                          each ->
                              each.value()
                                  .check()
                                  .healthCheckConfig()
                                  .childHealthChecks()
                                  .contains(id));
              if (child) {
                throw Errors.inUse("The health check is the child of a calculated health check.");
              }
              tx.delete(Tables.HEALTH_CHECKS, scope.key(id));
              tx.delete(Tables.HEALTH_STATUS, scope.key(id));
              return null;
            });
  }

  /** Cloud Map's own are Cloud Map's. */
  private static void checkMayEdit(HealthCheckRow row) {
    LinkedService owner = row.check().linkedService();
    if (owner != null && !owner.servicePrincipal().equals(Caller.current().arn())) {
      throw Errors.inUse(
          "The health check is managed by "
              + owner.servicePrincipal()
              + "; change the service that made it.");
    }
  }

  ListHealthChecksResponse list(ListHealthChecksRequest request) {
    int limit = Zones.limit(request.maxItems(), MAX_PAGE);
    List<HealthCheck> found =
        context
            .store()
            .snapshot()
            .scan(Tables.HEALTH_CHECKS, Caller.current().globalScope())
            .filter(
                row -> request.marker() == null || row.key().id().compareTo(request.marker()) >= 0)
            .limit(limit + 1L)
            .map(row -> row.value().check())
            .toList();
    boolean more = found.size() > limit;
    return ListHealthChecksResponse.builder()
        .healthChecks(more ? found.subList(0, limit) : found)
        .marker(request.marker() == null ? "" : request.marker())
        .isTruncated(more)
        .nextMarker(more ? found.get(limit).id() : null)
        .maxItems(Integer.toString(limit))
        .build();
  }

  long count() {
    return context.store().snapshot().count(Tables.HEALTH_CHECKS, Caller.current().globalScope());
  }

  /** What the checkers say now. */
  List<HealthCheckObservation> status(String id) {
    HealthStatusRow status = observed(id);
    return status == null
        ? List.of()
        : List.of(
            observation(
                (status.healthy() ? "Success: " : "Failure: ") + status.status(),
                status.checkedAt()));
  }

  /** The last time that a checker found something wrong. */
  List<HealthCheckObservation> lastFailure(String id) {
    HealthStatusRow status = observed(id);
    return status == null || status.lastFailureAt() == null || status.lastFailure() == null
        ? List.of()
        : List.of(observation("Failure: " + status.lastFailure(), status.lastFailureAt()));
  }

  private @Nullable HealthStatusRow observed(String id) {
    Scope scope = Caller.current().globalScope();
    View view = context.store().snapshot();
    HealthCheckRow row = require(view, scope, id);
    if (row.check().healthCheckConfig().type() == HealthCheckType.CALCULATED) {
      throw Errors.invalid("A calculated health check is not observed by checkers.");
    }
    return view.get(Tables.HEALTH_STATUS, scope.key(id));
  }

  private static HealthCheckObservation observation(String text, java.time.Instant at) {
    return HealthCheckObservation.builder()
        .region(HealthCheckRegion.US_EAST_1)
        .ipAddress(CHECKER_ADDRESS)
        .statusReport(s -> s.status(text).checkedTime(at))
        .build();
  }
}
